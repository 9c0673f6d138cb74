import type { EventSink } from "../../../trace/sink.ts";
import { type BlockScanner, MAX_LINE_BYTES } from "../../blocks-of-lines.ts";
import type { Diagnostics, ReadFormat } from "../../diagnostics.ts";
import { namePrefix } from "../../wrappers/name-prefix.ts";
import {
  UnwrappingScanner,
  type Wrapped,
  withoutNamePrefix,
  wrappedAs,
} from "../../wrappers/unwrapping-scanner.ts";
import { LineScanner } from "../line-scanner.ts";
import type { CallLine } from "../native/call-line.ts";
import type { ColumnRole, Layout } from "../native/layout.ts";
import { NamedCallers } from "../native/named-callers.ts";
import { NativeScanner, nativeLine } from "../native/scanner.ts";
import { firstLines, formatOf } from "../registry.ts";
import type { GivenShape } from "./given-columns.ts";
import { inferLayout, isClearlyNative, layoutOfColumns } from "./infer-layout.ts";
import { layoutOfPattern } from "./pattern-layout.ts";
import { PatternLine } from "./pattern-line.ts";
import { ShapedLine } from "./shaped-line.ts";

/** Bytes of the lines that decide the layout; `sampleLines` takes the first 2,000 of them. */
const HEAD_BYTES = 256 * 1024;

/** A call of this scanner, held back. */
interface Held {
  readonly kind: "scan" | "overlongLine" | "cutLine";
  readonly bytes: Buffer;
}

/**
 * Holds the first lines of a log back, infers from them which format it is, and of the native one what the columns are, and
 * then reads all lines so.
 */
export class LayoutScanner implements BlockScanner {
  readonly #sink: EventSink;
  readonly #diagnostics: Diagnostics;
  readonly #maxLineBytes: number;
  readonly #given: GivenShape | null;
  /** null while lines are held back */
  #scanner: BlockScanner | null = null;
  #held: Held[] = [];
  #heldBytes = 0;

  /** `given`: what the user says of the lines; null: their first show it */
  constructor(
    sink: EventSink,
    diagnostics: Diagnostics,
    maxLineBytes = MAX_LINE_BYTES,
    given: GivenShape | null = null,
  ) {
    this.#sink = sink;
    this.#diagnostics = diagnostics;
    this.#maxLineBytes = maxLineBytes;
    this.#given = given;
  }

  /** True once the layout is decided: no text need be made of the lines. */
  get takesBytes(): boolean {
    return this.#scanner !== null;
  }

  scan(bytes: Buffer, length: number): void {
    if (this.#scanner === null) {
      this.#hold("scan", bytes, length);
    } else {
      this.#scanner.scan(bytes, length);
    }
  }

  overlongLine(bytes: Buffer, length: number): void {
    if (this.#scanner === null) {
      this.#hold("overlongLine", bytes, length);
    } else {
      this.#scanner.overlongLine(bytes, length);
    }
  }

  cutLine(bytes: Buffer, length: number): void {
    if (this.#scanner === null) {
      this.#hold("cutLine", bytes, length);
    } else {
      this.#scanner.cutLine(bytes, length);
    }
  }

  /** Infers the layout from the lines held back and the one after them, and reads those held back. */
  decide(next = ""): void {
    if (this.#scanner !== null) {
      return;
    }
    const held = this.#held;
    this.#held = [];
    this.#scanner = this.#read(held, next, this.#sink, this.#diagnostics);
  }

  /** Reads the lines held back so far into another sink, as if the log ended there. Returns false if there are none. */
  preview(sink: EventSink, diagnostics: Diagnostics): boolean {
    if (this.#scanner === null) {
      this.#read(this.#held, "", sink, diagnostics);
    }
    return this.#scanner === null;
  }

  /** Infers the format from held lines and the one after them, and reads those held. Returns its scanner. */
  #read(
    held: readonly Held[],
    next: string,
    sink: EventSink,
    diagnostics: Diagnostics,
  ): BlockScanner {
    const lines = held.filter(({ kind }) => kind === "scan").map(({ bytes }) => bytes);
    const head = Buffer.concat(lines).toString("latin1", 0, HEAD_BYTES);
    const around = wrappedAs(head + next, (inner) => !hasTime(this.#layoutOf(inner), inner));
    const foreign = this.#foreignScanner(around.head, sink, diagnostics);
    const prefix = foreign === null ? this.#namePrefix(around.head) : null;
    const wrapped = prefix === null ? around : withoutNamePrefix(around, prefix);
    const scanner = foreign ?? this.#nativeScanner(around, wrapped.head, prefix, sink, diagnostics);
    const outer = wrapped.unwrappers.reduceRight<BlockScanner>(
      (inner, unwrapper) => new UnwrappingScanner(inner, unwrapper),
      scanner,
    );
    for (const { kind, bytes } of held) {
      outer[kind](bytes, bytes.length);
    }
    return outer;
  }

  #layoutOf(head: string): Layout {
    switch (this.#given?.kind) {
      case "columns":
        return layoutOfColumns(head, this.#given.columns);
      case "pattern":
        return layoutOfPattern(head, this.#given.pattern);
      default:
        return inferLayout(head);
    }
  }

  /** Null: the calls have malloc's own names. */
  #namePrefix(head: string): string | null {
    return this.#given?.kind === "pattern" || isClearlyNative(head)
      ? null
      : namePrefix(firstLines(head));
  }

  /** The scanner of a format that the lines show, or the user names; null: it is the native one. */
  #foreignScanner(head: string, sink: EventSink, diagnostics: Diagnostics): LineScanner | null {
    const given = this.#given;
    if (given === null ? isClearlyNative(head) : given.kind !== "format") {
      return null;
    }
    const lines = firstLines(head);
    const format = formatOf(lines, given?.kind === "format" ? given.name : null);
    return format === null
      ? null
      : new LineScanner(sink, diagnostics, format, lines, this.#maxLineBytes);
  }

  /** `head`: the first lines, without what is around them; `prefix`: what stood before the names of calls; null: nothing */
  #nativeScanner(
    { unwrappers }: Wrapped,
    head: string,
    prefix: string | null,
    sink: EventSink,
    diagnostics: Diagnostics,
  ): NativeScanner {
    const layout = this.#layoutOf(head);
    diagnostics.layout = { ...layout, wrappers: unwrappers.map(({ name }) => name) };
    if (prefix !== null && this.#given?.kind !== "format") {
      diagnostics.format = renamedFormat(prefix, layout, head);
      sink.batch.notes.push({ at: sink.batch.length, line: 0, text: "addresses renamed" });
    }
    const line = lineOf(layout, diagnostics);
    return new NativeScanner(sink, diagnostics, this.#maxLineBytes, line);
  }

  #hold(kind: Held["kind"], bytes: Buffer, length: number): void {
    this.#held.push({ kind, bytes: Buffer.from(bytes.subarray(0, length)) });
    this.#heldBytes += length;
    if (this.#heldBytes >= HEAD_BYTES) {
      this.decide();
    }
  }
}

function lineOf(layout: Layout, diagnostics: Diagnostics): CallLine {
  const { columns, pattern } = layout;
  if (columns === null) {
    return nativeLine(diagnostics, layout);
  }
  const callers = new NamedCallers(diagnostics.callerNames);
  return pattern === null
    ? new ShapedLine(layout, callers, diagnostics.markLabels)
    : new PatternLine(pattern, layout, callers);
}

/** The lines of functions that are not malloc: their figures are those of calls alone. */
function renamedFormat(prefix: string, layout: Layout, head: string): ReadFormat {
  const has = (role: ColumnRole): boolean =>
    [...(layout.columns ?? []), ...layout.after].some((column) => column.role === role);
  return {
    name: "native",
    addresses: "renamed",
    remarks: [`the calls are those of ${prefix}malloc and its kin`],
    tells: {
      threads: layout.threads !== "none",
      times: hasTime(layout, head),
      callers: layout.columns === null || has("caller"),
    },
  };
}

/** A line of the native layout may lack its time. */
function hasTime({ columns, after }: Layout, head: string): boolean {
  return columns === null
    ? /^[ \t]*\d+[ \t]+\d/m.test(head)
    : [...columns, ...after].some(({ role }) => role === "time");
}
