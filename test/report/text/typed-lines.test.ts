import { execFileSync } from "node:child_process";
import { Chalk } from "chalk";
import { expect, it } from "vitest";
import { typedLines } from "../../../src/report/text/typed-lines.ts";
import type { TypedLine } from "../../../src/report/what-to-type/typed-line.ts";

function shown(lines: readonly TypedLine[], width: number, level: 0 | 1 = 0): string[] {
  return typedLines(lines, { width, chalk: new Chalk({ level }) });
}

const LINES: readonly TypedLine[] = [
  { target: "shell", text: "A=1 COMMAND", note: null },
  { target: "shell", text: "gdb -p PID -ex 'call f(0)'", note: "once" },
  { target: "systemd", text: "Environment=A=1", note: "systemctl edit UNIT" },
];

it("are aligned, with each target's name once", () => {
  expect(shown(LINES, 80)).toEqual([
    "  shell    A=1 COMMAND",
    "           gdb -p PID -ex 'call f(0)'  (once)",
    "  systemd  Environment=A=1  (systemctl edit UNIT)",
  ]);
});

it("break within words of the shell nowhere, and have a note of its own line where it does not fit", () => {
  expect(shown(LINES, 36)).toEqual([
    "  shell    A=1 COMMAND",
    "           gdb -p PID -ex \\",
    "             'call f(0)'  (once)",
    "  systemd  Environment=A=1",
    "           (systemctl edit UNIT)",
  ]);
});

it("stay commands when they are broken", () => {
  const text = "printf '[%s]' one 'two  words' three four 'it'\\''s' five six";
  const [first = "", ...others] = shown([{ target: "shell", text, note: null }], 34);
  expect(others.length).toBeGreaterThan(1);
  const typed = [first.replace("  shell  ", ""), ...others].join("\n");
  const run = (command: string) => execFileSync("/bin/sh", ["-c", command], { encoding: "utf8" });
  expect(run(typed)).toBe(run(text));
});

it("break options of a JVM without a mark, which it would not take", () => {
  const text = "-XX:+UnlockExperimentalVMOptions -XX:TrimNativeHeapInterval=60000";
  expect(shown([{ target: "jvm", text, note: null }], 60)).toEqual([
    "  JVM  -XX:+UnlockExperimentalVMOptions",
    "         -XX:TrimNativeHeapInterval=60000",
  ]);
});

it("show no control character of a command", () => {
  expect(
    shown([{ target: "shell", text: "A=1 '\u001b[2J'", note: null }], 80).join(),
  ).not.toContain("\u001b");
});

it("colours change only the colour", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for colours
  const bare = shown(LINES, 80, 1).map((line) => line.replace(/\u001b\[\d+m/g, ""));
  expect(bare).toEqual(shown(LINES, 80));
});
