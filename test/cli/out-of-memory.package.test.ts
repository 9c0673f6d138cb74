import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MALLOG } from "../support/mallog-command.ts";
import { sharedFolder } from "../support/run-mallog.ts";

/** A full heap ends mallog with one line instead of V8's dump. */

let folder: string;
let log: string;
beforeAll(() => {
  folder = sharedFolder();
  log = join(folder, "log");
  // What a thread needs stays in the heap, even without a model.
  const lines = Array.from({ length: 200_000 }, (_, i) => {
    const at = 0x7f00_0000_0b70 + (i % 64) * 0x400_0000 + Math.floor(i / 64) * 0x70;
    // In any order: a number that rises from line to line may be that of the line.
    return `${((i * 7919) % 200_000) + 1} malloc(100) = 0x${at.toString(16)}\n`;
  });
  writeFileSync(log, lines.join(""));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["counts only", ["--no-model"]],
  ["one replay", ["--glibc", "2.36", "--no-what-if"]],
  ["what-ifs", ["--glibc", "2.36"]],
])("%s: 3, and a line with the limit and what to do", (_, argv) => {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ["--max-old-space-size=50", MALLOG, log, ...argv, "-o", join(folder, "r.json")],
    { encoding: "utf8" },
  );
  expect({ status, signal, stdout }).toEqual({ status: 3, signal: null, stdout: "" });
  expect(stderr).toBe(
    "mallog: out of memory: the log needs more than the 50 MiB that Node allows; allow twice as much by NODE_OPTIONS=--max-old-space-size=100, or leave out replays: --no-what-if, --glibc VERSION, --no-model\n",
  );
});
