import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { Analyse } from "../../src/cli/io.ts";
import { InputError } from "../../src/input/input-error.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { FakeOutput } from "../support/fake-io.ts";
import { MiB, report, scenario, thread } from "../support/report-builder.ts";
import { answers, mallog, newFolder } from "../support/run-mallog.ts";

describe("the report on standard output", () => {
  const threads = [thread(1, { liveBytes: 7 }), thread(2, { liveBytes: 9 })];

  test("--json prints the report and nothing else", async () => {
    const { out, code } = await mallog(["--json", "x"]);
    expect(JSON.parse(out)).toEqual(report());
    expect(code).toBe(0);
  });

  test("--ndjson prints the report on one line", async () => {
    const { out, code } = await mallog(["--ndjson", "x"]);
    expect(out.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({ schema: report().schema, live: report().live });
    expect(code).toBe(0);
  });

  test("in GitHub Actions no name in the log works as a command; JSON stays unchanged", async () => {
    const hostile = answers({ threads: [thread(1, { name: "##[error]x" }), thread(2)] });
    const env = { GITHUB_ACTIONS: "true" };
    expect((await mallog(["x"], hostile, { env })).out).not.toContain("##[");
    expect((await mallog(["x"], hostile)).out).toContain("##[");
    expect((await mallog(["--json", "x"], hostile, { env })).out).toContain("##[error]x");
  });

  test.each([
    [
      ["--sort", "live"],
      [2, 1],
    ],
    [
      ["--sort", "-live"],
      [1, 2],
    ],
    [["--sort=-tid"], [1, 2]],
    [
      ["--sort", "-volume"],
      [1, 2],
    ],
    [
      ["--sort", "tid"],
      [2, 1],
    ],
  ])("%j sorts the threads", async (argv, tids) => {
    const { out } = await mallog(["--json", ...argv], answers({ threads }));
    const parsed: Report = JSON.parse(out);
    expect(parsed.threads.map(({ tid }) => tid)).toEqual(tids);
  });

  test("--container-limit and --base-rss", async () => {
    const argv = ["--json", "--container-limit", "32MiB", "--base-rss", "10MiB"];
    const { out } = await mallog(argv, answers({ scenarios: [scenario("as recorded")] }));
    const parsed: Report = JSON.parse(out);
    expect(parsed.container).toEqual({
      limitBytes: 32 * MiB,
      baseRssBytes: 10 * MiB,
      scenarios: [{ name: "as recorded", peakBytes: 34 * MiB, fits: false, killedTime: 0.5 }],
    });
  });

  test("without them, the container is the one that the log states", async () => {
    const recording = {
      pid: 7,
      command: null,
      limitBytes: 32 * MiB,
      otherRssBytes: 9 * MiB,
      lostCalls: 0,
    };
    const scenarios = [scenario("as recorded")];
    const verdict = async (...argv: string[]) => {
      const { out } = await mallog(["--json", ...argv], answers({ scenarios, recording }));
      const { container }: Report = JSON.parse(out);
      return [container?.limitBytes, container?.baseRssBytes, container?.scenarios[0]?.fits];
    };
    expect(await verdict()).toEqual([32 * MiB, 9 * MiB, false]);
    expect(await verdict("--container-limit", "64MiB")).toEqual([64 * MiB, 9 * MiB, true]);
    expect(await verdict("--base-rss", "1MiB")).toEqual([32 * MiB, MiB, true]);
  });

  test("colours follow the terminal and the options", async () => {
    const stdout = () => new FakeOutput({ columns: 100 });
    const colour = "\u001b[1m";
    expect((await mallog(["x"])).out).not.toContain(colour);
    expect((await mallog(["x", "--color"])).out).toContain(colour);
    expect((await mallog(["x"], answers(), { stdout: stdout() })).out).toContain(colour);
    const plain = { stdout: stdout(), env: { NO_COLOR: "1" } };
    expect((await mallog(["x"], answers(), plain)).out).not.toContain(colour);
  });

  test("a terminal on standard error shows progress, which is erased at the end", async () => {
    const slow: Analyse = async (_, __, { onProgress }) => {
      await new Promise((resolve) => setTimeout(resolve, 220));
      onProgress({ bytes: 1, totalBytes: 3, events: 1 });
      return report();
    };
    const stderr = () => new FakeOutput({ columns: 80 });
    const shown = await mallog(["x"], slow, { stderr: stderr() });
    expect(shown.err).toContain("events");
    expect(shown.err.endsWith("\r\u001b[K")).toBe(true);
    expect((await mallog(["x", "-q"], slow, { stderr: stderr() })).err).toBe("");
    expect((await mallog(["x", "--no-progress"], slow, { stderr: stderr() })).err).toBe("");
    expect((await mallog(["x"], slow)).err).toBe("");
  });
});

describe("report files", () => {
  let folder: string;
  beforeEach(() => {
    folder = newFolder();
  });
  const inFolder = (argv: readonly string[], analyse = answers()) =>
    mallog(argv, analyse, { cwd: folder });
  const file = (name: string): string => join(folder, name);

  test("several formats in one run, without colours, besides the report on standard output", async () => {
    const argv = ["x", "--color", "-o", "r.json", "-o", file("r.txt")];
    const { code, out } = await inFolder(argv);
    expect(code).toBe(0);
    expect(out).toContain("Threads");
    expect(JSON.parse(readFileSync(file("r.json"), "utf8"))).toEqual(report());
    expect(readFileSync(file("r.txt"), "utf8")).not.toContain("\u001b");
    expect(readdirSync(folder).sort()).toEqual(["r.json", "r.txt"]);
  });

  test("-q with -o prints nothing", async () => {
    expect((await inFolder(["x", "-q", "-o", "r.txt"])).out).toBe("");
    expect((await inFolder(["x", "-q"])).out).toContain("Threads");
  });

  test("an old file is replaced, but kept if the run fails", async () => {
    writeFileSync(file("r.json"), "old");
    const fails: Analyse = async () => {
      // A process that is killed here leaves nothing behind.
      expect(readdirSync(folder)).toEqual(["r.json"]);
      throw new InputError({ code: "missing", path: "x" });
    };
    expect((await inFolder(["x", "-o", "r.json"], fails)).code).toBe(3);
    expect(readFileSync(file("r.json"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["r.json"]);
    await inFolder(["x", "-o", "r.json"]);
    expect(readFileSync(file("r.json"), "utf8")).toContain("mallog.report/1");
  });

  test("a symbolic link stays one; its target is written", async () => {
    writeFileSync(file("real.json"), "old");
    symlinkSync("real.json", file("link.json"));
    await inFolder(["x", "-o", "link.json"]);
    expect(readFileSync(file("real.json"), "utf8")).toContain("mallog.report/1");
  });

  test.each([
    [["-o", "r.xyz"], 2, "-o r.xyz: unknown format; end the file's name in .txt, .json"],
    [["-o", "-"], 2, "-o -: unknown format"],
    [["-o", "r.txt", "-o", "./r.txt"], 2, "-o ./r.txt: given twice"],
    [["-o", "log.txt"], 2, "-o log.txt: is also an input"],
    [["-o", "no/r.txt"], 3, "cannot write no/r.txt: its directory does not exist"],
    [["-o", "a.txt", "-o", "no/r.txt"], 3, "cannot write no/r.txt"],
    [["-o", "dir.txt"], 3, "cannot write dir.txt: it is a directory"],
    [["-o", "/proc/x.txt"], 3, "cannot write /proc/x.txt: no file can be created in its directory"],
  ])("%j is refused before the work: %i %s", async (argv, code, text) => {
    writeFileSync(file("log.txt"), "");
    symlinkSync(folder, file("dir.txt"));
    const refused = await inFolder(["log.txt", ...argv]);
    expect(refused.code).toBe(code);
    expect(refused.err).toContain(text);
    expect(refused.asked).toBeUndefined();
    expect(readdirSync(folder).sort()).toEqual(["dir.txt", "log.txt"]);
  });
});
