import { describe, expect, it } from "vitest";
import { problemWith } from "./check.ts";

/** About the longest line that is read, in characters. */
const LENGTH = 60_000;

const CALL = "7 malloc(24) = 0x5555555592a0";

/** Starts of comments whose rest is taken apart, and of calls. */
const STARTS = [
  ...[
    "",
    "settings ",
    "setting ",
    "tunables.conf ",
    "tunables.conf [proc:",
    "program ",
    "hole ",
    "holes ",
  ],
  ...["thread ", "owner ", "pid ", "map ", "rss ", "command ", "glibc ", "thread_exit "],
].map((start) => `# ${start}`);
const CALLS = [
  "7 ",
  "7 malloc(",
  "7 malloc(24) ",
  "7 malloc(24) = ",
  "[",
  "7 free(0x",
  "a=",
  "7 realloc(0x1,",
];

const FILLERS = [
  "\0",
  " ",
  "\t",
  "-",
  "-\t",
  "=",
  "= ",
  "a",
  "a ",
  "0",
  "1,",
  ")",
  ") ",
  ")=",
  "[ ",
  "(",
  "onlysecure ",
  "x:",
];

/** What ends such a line: "." of a regular expression matches neither "\r" nor "\u2028". */
const ENDS = ["", "\r", "\rx", "\u2028", "="];

describe.each(FILLERS)("a line that is long by %j", (filler) => {
  it.each(ENDS)("is read in time, whatever starts it, with %j at its end", async (end) => {
    const lines = [...STARTS, ...CALLS].map(
      (start) => `${start}${filler.repeat(LENGTH / filler.length)}${end}`,
    );
    const bytes = Buffer.from([CALL, ...lines, CALL, ""].join("\n"));
    const input = { argv: ["--json"], bytes, files: [], isForAllWriters: false, diff: null };
    expect(await problemWith(input)).toBeNull();
  });
});
