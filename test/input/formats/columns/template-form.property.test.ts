import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Diagnostics } from "../../../../src/input/diagnostics.ts";
import { inferLayout } from "../../../../src/input/formats/columns/infer-layout.ts";
import { ShapedLine } from "../../../../src/input/formats/columns/shaped-line.ts";
import { CallLine } from "../../../../src/input/formats/native/call-line.ts";
import type { Layout } from "../../../../src/input/formats/native/layout.ts";
import { NamedCallers } from "../../../../src/input/formats/native/named-callers.ts";
import { NativeScanner } from "../../../../src/input/formats/native/scanner.ts";
import { EventBatch } from "../../../../src/trace/event.ts";
import type { EventSink } from "../../../../src/trace/sink.ts";

/** More than 32 KiB: the module reads them. */
const LINES = 1500;

const CALLS = [
  "malloc(24) = 0x5581a2b0",
  "malloc(24)\t= 0x5581a2b0",
  "calloc(4, 16) = 0x5581a2c0",
  "realloc(0x5581a2c0, 99) = 0x7f11cdda8010",
  "free(0x5581a2c0)",
  "free((nil))",
  "malloc(0x20) = 0x10",
  "malloc(1) = (nil)",
  "malloc(24) -> 0x10",
];

const TIDS = ["7110", "7111", "1", "999999999", "1234567890", "0"];
const CALLERS = ["0x401130", "0x7f92cddc9ef9", "0x0", "(nil)", "0X4A"];

const parts = { tid: fc.constantFrom(...TIDS), caller: fc.constantFrom(...CALLERS) };
const clock = fc.constantFrom(
  "00:00:01.5",
  "23:59:59.999999999",
  "12:00:00.1234567890",
  "12:00:00,123",
  "12:00:00:123456",
  "12:00:00,123456789",
  "12:00:00,12",
  "12:00:60",
  "12:61:00",
);
const epoch = fc.constantFrom("1764403200.000218", "1764403200.5", "17.000000001", "17.0123456789");
const digits = fc.constantFrom("1764403200000218", "1764403200000318", "1764403201000001");

/** Of a line: 0 bytes are cut off, or more, and something may stand at its end. */
const damage = {
  cut: fc.constantFrom(0, 0, 0, 0, 1, 9, 25),
  end: fc.constantFrom("", "", "\r", " "),
};

type Part = "tid" | "caller" | "clock" | "epoch" | "digits" | "call" | "end";
type Rest = Readonly<Record<Part, string>> & { readonly cut: number };

const rest: fc.Arbitrary<Rest> = fc.record({
  ...parts,
  ...damage,
  clock,
  epoch,
  digits,
  call: fc.constantFrom(...CALLS),
});

const SHAPES: readonly ((line: Rest) => string)[] = [
  ({ tid, call }) => `[${tid}] ${call}`,
  ({ tid, clock, caller, call }) => `2025-11-29T${clock}Z ${tid} [${caller}] ${call}`,
  ({ tid, clock, call }) => `2025-11-29T${clock}+01:00 stdout F [${tid}] ${call}`,
  ({ tid, epoch, call, caller }) => `[${epoch}] ${tid} ${call} ${caller}`,
  ({ tid, digits, call, caller }) => `${digits} ${tid} ${call} [${caller}]`,
  ({ tid, clock, call }) => `Nov 29 ${clock} host app[${tid}]: ${call}`,
  ({ tid, call, caller }) => `[hook] pid=777 tid=${tid} ${call} from ${caller} <0.00001>`,
  ({ tid, call, epoch }) => `7110.${tid} ${call} at ${epoch} s`,
  ({ tid, call, digits }) => `${tid}: ${call} : ${digits}`,
  ({ tid, call, caller }) => `${tid} ${call} (current ${Number(caller) || 0})`,
  ({ tid, clock, call }) => `${tid} # ${clock} # ${call}`,
];

function damaged(line: string, { cut, end }: Rest): string {
  return line.slice(0, line.length - cut) + end;
}

/** A reader whose lines the module never reads. */
class LineByLine extends ShapedLine {
  override get form(): null {
    return null;
  }
}

/** Reads each line as if it were the first, without a template. */
class FirstLines extends CallLine {
  readonly #next: () => ShapedLine;

  constructor(...given: ConstructorParameters<typeof ShapedLine>) {
    super();
    this.#next = () => new ShapedLine(...given);
  }

  parse(bytes: Buffer, start: number, end: number): boolean {
    const line = this.#next();
    const isRead = line.parse(bytes, start, end);
    const { pid, op, tid, time, caller, size, align, pointerIn, pointerOut, comment } = line;
    Object.assign(this, {
      pid,
      op,
      tid,
      time,
      caller,
      size,
      align,
      pointerIn,
      pointerOut,
      comment,
    });
    return isRead;
  }
}

type Reader = new (...given: ConstructorParameters<typeof ShapedLine>) => CallLine;

function read(text: string, reader: Reader, layout: Layout = inferLayout(text)) {
  const bytes = Buffer.from(text, "latin1");
  const diagnostics = new Diagnostics();
  const line = new reader(layout, new NamedCallers([]), new Map());
  const batch = new EventBatch();
  const sink: EventSink = {
    batch,
    advance: () => expect.unreachable(),
    whenReady: () => null,
    whenEnding: async () => {},
    end: () => {},
  };
  new NativeScanner(sink, diagnostics, 2 ** 20, line).scan(bytes, bytes.length);
  return { batch, diagnostics, isForm: line.form !== null };
}

test.each(SHAPES.map((shape, i) => [i, shape] as const))(
  "shape %i: the module reads what the line reader does",
  (_, shape) => {
    let templates = 0;
    fc.assert(
      fc.property(fc.array(rest, { minLength: 5, maxLength: 30 }), (some) => {
        const lines = Array.from({ length: LINES }, (_, i) => {
          const one = some[i % some.length]!;
          return damaged(shape(one), one);
        });
        const text = `${lines.join("\n")}\n`;
        const { isForm, ...fast } = read(text, ShapedLine);
        const { isForm: isNone, ...slow } = read(text, LineByLine);
        assert.deepEqual(fast, slow);
        expect(isNone).toBe(false);
        templates += isForm ? 1 : 0;
      }),
      { numRuns: 30 },
    );
    expect(templates).toBeGreaterThan(0);
  },
);

test.each(SHAPES.map((shape, i) => [i, shape] as const))(
  "shape %i: a line is read as if it were the first",
  (_, shape) => {
    fc.assert(
      fc.property(fc.array(rest, { minLength: 5, maxLength: 60 }), (some) => {
        const layout = inferLayout(some.map((one) => `${shape(one)}\n`).join(""));
        const text = some.map((one) => `${damaged(shape(one), one)}\n`).join("");
        const { batch, diagnostics } = read(text, ShapedLine, layout);
        const first = read(text, FirstLines, layout);
        assert.deepEqual([batch, diagnostics], [first.batch, first.diagnostics]);
      }),
      { numRuns: 40 },
    );
  },
);
