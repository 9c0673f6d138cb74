import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { MALLOG } from "../support/mallog-command.ts";

/**
 * mallog in a real terminal (script of util-linux) and in a pipe: colours and widths under each rule.
 */

const LOG = fileURLToPath(new URL("../../fixtures/jvm/boot.log.gz", import.meta.url));
/** The beginning of the log, with two threads and some arenas. */
const BEGINNING = `gzip -cd '${LOG}' | head -n 20000 |`;
const UTF8 = { LANG: "C.UTF-8", TERM: "xterm-256color" };

interface Asked {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** The output in a terminal of that width. */
function inTerminal(argv: string, { columns = 80, env = UTF8 }: Asked = {}): string {
  const mallog = `stty cols ${columns} rows 24; ${mallogWith(argv)}`;
  const { stdout, status } = spawnSync("script", ["-qec", mallog, "/dev/null"], {
    env: { PATH: process.env.PATH, SHELL: "/bin/sh", ...env },
    encoding: "utf8",
    input: "",
  });
  expect(status).toBe(0);
  return stdout.replaceAll("\r\n", "\n");
}

function piped(argv: string, { env = UTF8 }: Asked = {}): string {
  const { stdout, status } = spawnSync("/bin/sh", ["-c", mallogWith(argv)], {
    env: { PATH: process.env.PATH, ...env },
    encoding: "utf8",
  });
  expect(status).toBe(0);
  return stdout;
}

function mallogWith(argv: string): string {
  return `${BEGINNING} '${process.execPath}' '${MALLOG}' --glibc 2.36 --no-progress ${argv}`;
}

const BOLD = "\u001b[1m";

describe("colour", () => {
  test.each<[name: string, argv: string, env: Readonly<Record<string, string>>, expected: boolean]>(
    [
      ["by default", "", UTF8, true],
      ["CI", "", { ...UTF8, CI: "true" }, true],
      ["NO_COLOR", "", { ...UTF8, NO_COLOR: "1" }, false],
      ["TERM=dumb", "", { ...UTF8, TERM: "dumb" }, false],
      ["--no-color", "--no-color", UTF8, false],
      ["FORCE_COLOR=0", "", { ...UTF8, FORCE_COLOR: "0" }, false],
    ],
  )("in a terminal: %s", (_, argv, env, expected) => {
    expect(inTerminal(argv, { env }).includes(BOLD)).toBe(expected);
  });

  test.each<[name: string, argv: string, env: Readonly<Record<string, string>>, expected: boolean]>(
    [
      ["by default", "", UTF8, false],
      ["CI", "", { ...UTF8, CI: "true" }, false],
      ["FORCE_COLOR=1", "", { ...UTF8, FORCE_COLOR: "1" }, true],
      ["FORCE_COLOR=3, still limited to sixteen colours", "", { ...UTF8, FORCE_COLOR: "3" }, true],
      ["--color", "--color", UTF8, true],
    ],
  )("piped: %s", (_, argv, env, expected) => {
    const written = piped(argv, { env });
    expect(written.includes(BOLD)).toBe(expected);
    // 38;5 selects one of 256 colours, 38;2 one of 16 million.
    expect(written).not.toContain("[38;");
  });
});

describe("sparklines and plot", () => {
  const drawn = /[▁▂▃▄▅▆▇█┤]/;

  test.each<[name: string, env: Readonly<Record<string, string>>, expected: boolean]>([
    ["UTF-8", UTF8, true],
    ["LC_ALL before LANG", { ...UTF8, LC_ALL: "C" }, false],
    ["POSIX", { TERM: "xterm", LANG: "POSIX" }, false],
    ["TERM=dumb", { ...UTF8, TERM: "dumb" }, false],
  ])("in a terminal: %s", (_, env, expected) => {
    const written = inTerminal("--plot", { env });
    expect(drawn.test(written)).toBe(expected);
    expect(written).toMatch(/: live bytes and heap RSS in MiB$/m);
  });
});

describe("width", () => {
  test.each([60, 80, 120, 200])("%i columns of a terminal", (columns) => {
    const written = inTerminal("--plot --no-color", { columns });
    const lines = written.trimEnd().split("\n");
    for (const line of lines) {
      expect([...line].length, line).toBeLessThanOrEqual(columns);
    }
    expect(Math.max(...lines.map((line) => [...line].length))).toBeGreaterThan(columns * 0.9);
  });

  test("80 columns in a pipe", () => {
    const lines = piped("").split("\n");
    for (const line of lines) {
      expect([...line].length, line).toBeLessThanOrEqual(80);
    }
  });
});
