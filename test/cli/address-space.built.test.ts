import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
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
  // The log never ends.
  const interrupted = `mkfifo "$0" && (exec 3<>"$0"; timeout -s TERM 3 ${mallogCommand()} "$0")`;
  const fifo = join(mkdtempSync(join(tmpdir(), "mallog-")), "log");
  expect(
    spawnSync("sh", ["-c", `ulimit -v ${LIMIT}; ${interrupted}`, fifo], { timeout: 60_000 }).signal,
  ).toBeNull();
});

it("reports what was read when a terminal interrupts both processes", () => {
  const folder = mkdtempSync(join(tmpdir(), "mallog-"));
  const fifo = join(folder, "log");
  // The log never ends. script(1) runs the command in a terminal, whose keys are typed by the pipe.
  const line = "7 10:00:00.000000 [0x1] malloc(32) = 0x1000";
  const run = `mkfifo ${fifo} && exec 3<>${fifo} && echo '${line}' >&3 && ulimit -v ${LIMIT} && ${mallogCommand()} ${fifo} --json > ${folder}/report`;
  const typed = "(sleep 4; printf '\\003'; sleep 4) | script -qec \"$0\" /dev/null";
  spawnSync("sh", ["-c", typed, `sh -c "${run}"`], { timeout: 60_000 });
  expect(JSON.parse(readFileSync(join(folder, "report"), "utf8")).trace.events).toBe(1);
});
