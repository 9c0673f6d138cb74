import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { mallogCommand } from "../support/mallog-command.ts";

/** In KiB: less than V8 reserves for an instance of WebAssembly. */
const LIMIT = 6_000_000;

/** Long enough for common lines to be read by the module. */
const LINES = 2000;

it("a limit of address space changes no report", () => {
  const log = Array.from(
    { length: LINES },
    (_, i) => `7 10:00:00.000000 [0x1] malloc(32) = 0x${(0x1000 + 48 * i).toString(16)}\n`,
  ).join("");
  const report = (before: string): string =>
    execFileSync("sh", ["-c", `${before} ${mallogCommand()} --no-model --json`], {
      input: log,
      encoding: "utf8",
    });
  const unlimited = report("");
  expect(report(`ulimit -v ${LIMIT};`)).toBe(unlimited);
  expect(JSON.parse(unlimited).trace.events).toBe(LINES);
});
