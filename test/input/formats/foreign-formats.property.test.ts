import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Diagnostics } from "../../../src/input/diagnostics.ts";
import { LayoutScanner } from "../../../src/input/formats/columns/layout-scanner.ts";
import { FORMAT_NAMES } from "../../../src/input/formats/input-format-names.ts";
import { FORMATS } from "../../../src/input/formats/registry.ts";
import { CollectingSink } from "../../support/collect.ts";

/** Pieces of lines of all formats, so that most lines are nearly right ones. */
const TOKENS = [
  "7 ",
  "[pid 7] ",
  "0.1 ",
  "12:00:00.5 ",
  "@ ",
  "./st:[0x12] ",
  "(main+bc)",
  "+ ",
  "- ",
  "< ",
  "> ",
  "! ",
  "= Start",
  "malloc",
  "free",
  "realloc",
  "calloc",
  "memalign",
  "operator new(unsigned long)",
  "(",
  ")",
  ", ",
  ",",
  "100",
  "0x64",
  "0x5581000002a0",
  "(nil)",
  "#1",
  "-1",
  "18446744073709551615",
  " = ",
  "->",
  " <unfinished ...>",
  "<... malloc resumed> ",
  "+++ exited (status 0) +++",
  "--7-- ",
  "==7== ",
  "al 64",
  "size 100",
  "  returns ",
  "v 10400 3",
  "a 5be 8",
  "t 1 0",
  "s 4 main",
  "i 40 0 1 2 5",
  "c 1f",
  "| ",
  "[  7] ",
  " {",
  "} ",
  "; ",
  "/* malloc */",
  '{"op":"malloc"',
  ',"ptr":"0x10"',
  ',"size":1}',
  "op,ptr,size,tid",
  "malloc,0x10,1,7",
  "\t",
  '"',
  "[",
  "]",
  "a ",
  "m ",
  "f ",
  "r ",
  "100: ",
  "thread_done 0x0",
  "é",
  "\0",
];

const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(fc.constantFrom(...TOKENS), { maxLength: 9 })
      .map((tokens) => tokens.join("")),
  },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: "binary", maxLength: 40 })
      .map((text) => text.replaceAll("\n", "")),
  },
);
const log = fc.array(line, { maxLength: 60 }).map((lines) => `${lines.join("\n")}\n`);

function read(text: string, format: string | null) {
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  const given = format === null ? null : ({ kind: "format", name: format } as const);
  const scanner = new LayoutScanner(sink, diagnostics, 1000, given);
  const bytes = Buffer.from(text);
  scanner.scan(bytes, bytes.length);
  scanner.decide();
  sink.end();
  return { events: sink.events, diagnostics };
}

test("the command line knows the names of all formats, in their order", () => {
  expect(FORMAT_NAMES).toEqual(["native", ...FORMATS.map(({ name }) => name)]);
});

describe("any text in any format", () => {
  test.each([...FORMATS.map(({ name }) => name), null])(
    "%s: all lines are counted, and all numbers are whole",
    (format) => {
      fc.assert(
        fc.property(log, (text) => {
          const { events, diagnostics } = read(text, format);
          const { total, parsed, comments, malformed, blank } = diagnostics.lines;
          expect(total).toBe(text.split("\n").length - 1);
          expect(parsed + comments + malformed + blank).toBe(total);
          expect(events.length).toBeLessThanOrEqual(parsed);
          for (const {
            op,
            tid,
            time,
            caller,
            size,
            align,
            pointerIn,
            pointerOut,
            line,
          } of events) {
            expect(op).toBeLessThanOrEqual(10);
            expect(tid).toBeGreaterThanOrEqual(0);
            expect(time < 0 || time === Number.POSITIVE_INFINITY).toBe(false);
            for (const number of [caller, size, align, pointerIn, pointerOut]) {
              expect(Number.isInteger(number) && number >= 0).toBe(true);
            }
            expect(line).toBeLessThanOrEqual(total);
          }
        }),
      );
    },
  );

  test.each(FORMATS.map(({ name }) => name))(
    "%s: an overlong line is counted, and the next one read",
    (format) => {
      const { diagnostics } = read(`${"x".repeat(1001)}\n\n`, format);
      expect(diagnostics.malformedKinds.overlong).toBe(1);
      expect(diagnostics.lines).toMatchObject({ total: 2, blank: 1 });
    },
  );
});
