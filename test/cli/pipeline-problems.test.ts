import { expect, test } from "vitest";
import { InputError, type InputProblem } from "../../src/input/input-error.ts";
import { OutOfMemory } from "../../src/pipeline/out-of-memory.ts";
import { SettingRefused } from "../../src/replay/recorded-process.ts";
import { mallog } from "../support/run-mallog.ts";

/** Errors of the pipeline as the user sees them. */

function failing(error: Error) {
  return mallog(["x.log"], async () => {
    throw error;
  });
}

test.each<[InputProblem, number, string]>([
  [{ code: "missing", path: "x.log" }, 3, "mallog: x.log: no such file;"],
  [{ code: "decoderMissing", path: "x.xz", tool: "xz" }, 3, "xz -dc x.xz | mallog\n"],
  [{ code: "decoderMissing", path: "-", tool: "lz4" }, 3, ": … | lz4 -dc | mallog\n"],
  [{ code: "decoderMissing", path: "x", tool: "zstd" }, 3, "install zstd, or use Node 22.15 or"],
  [
    { code: "decoderMissing", path: "my log's.xz", tool: "xz" },
    3,
    "xz -dc 'my log'\\''s.xz' | mallog",
  ],
  [{ code: "corrupt", path: "-x.gz", compression: "gzip" }, 3, "test it with: gzip -t ./-x.gz\n"],
  [{ code: "permission", path: "a b" }, 3, "sudo cat 'a b' | mallog\n"],
  [{ code: "container", path: "x", container: "zip" }, 3, "x: is a zip archive; unpack it first"],
  [{ code: "container", path: "x", container: "tar" }, 3, "log first: tar -xOf x | mallog\n"],
  [{ code: "container", path: "-", container: "tar" }, 3, "log first: … | tar -xO | mallog\n"],
  [{ code: "container", path: "-", container: "sevenZip" }, 3, ": 7z e -so FILE | mallog\n"],
  [{ code: "stdinTwice" }, 2, "is named more than once; name it once"],
  [{ code: "missing", path: "\u001b[2J" }, 3, "mallog: \\x1b[2J: no such file;"],
])("%j: %i", async (problem, exitCode, text) => {
  const { code, err, out } = await failing(new InputError(problem));
  expect({ code, out }).toEqual({ code: exitCode, out: "" });
  expect(err).toContain(text);
  expect(err.trimEnd().split("\n")).toHaveLength(1);
});

test.each([
  ["A=1", "mallog: --what-if: no A; see mallog --help\n"],
  [null, "mallog: --recorded-with: no A; see mallog --help\n"],
])("a setting that the log's glibc refuses, of scenario %j: 2", async (scenario, err) => {
  expect(await failing(new SettingRefused(scenario, "no A"))).toMatchObject({ code: 2, err });
});

const LESS = "leave out replays: --no-what-if, --glibc VERSION, --no-model\n";

test.each([
  [
    new OutOfMemory(4096 * 2 ** 20),
    `mallog: out of memory: the log needs more than the 4,096 MiB that Node allows; allow twice as much by NODE_OPTIONS=--max-old-space-size=8192, or ${LESS}`,
  ],
  [
    new RangeError("Array buffer allocation failed"),
    `mallog: out of memory: the system grants no more; free some, or ${LESS}`,
  ],
])("%s: 3, the limit, and what to do", async (error, err) => {
  expect(await failing(error)).toMatchObject({ code: 3, out: "", err });
});
