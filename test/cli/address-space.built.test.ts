import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { mallogCommand } from "../support/mallog-command.ts";

/** In KiB: less than V8 reserves for an instance of WebAssembly. */
const LIMIT = 6_000_000;

/** Long enough for common lines to be read by the module. */
const LINES = 2000;

it.each(["", "--no-model"])("a limit of address space changes no report: %s", (options) => {
  const log = Array.from(
    { length: LINES },
    (_, i) => `7 10:00:00.000000 [0x1] malloc(32) = 0x${(0x1000 + 48 * i).toString(16)}\n`,
  ).join("");
  const report = (before: string): string =>
    execFileSync("sh", ["-c", `${before} ${mallogCommand()} ${options} --json`], {
      input: log,
      encoding: "utf8",
    });
  const unlimited = report("");
  expect(report(`ulimit -v ${LIMIT};`)).toBe(unlimited);
  expect(JSON.parse(unlimited).trace.events).toBe(LINES);
});

it("ends as the command itself does: with its exit code, or by a signal", () => {
  const end = (command: string): number | null =>
    spawnSync("sh", ["-c", `ulimit -v ${LIMIT}; ${command}`], { input: "" }).status;
  expect(end(`${mallogCommand()} no-such-file`)).toBe(3);
  expect(end(`${mallogCommand()} --version`)).toBe(0);
  // The signal reaches only the process that waits. The log never ends.
  const interrupted = `mkfifo "$0" && (exec 3<>"$0"; timeout -s TERM 3 ${mallogCommand()} "$0")`;
  const fifo = join(mkdtempSync(join(tmpdir(), "mallog-")), "log");
  expect(
    spawnSync("sh", ["-c", `ulimit -v ${LIMIT}; ${interrupted}`, fifo], { timeout: 60_000 }).signal,
  ).toBeNull();
});
