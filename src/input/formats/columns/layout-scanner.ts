import type { EventSink } from "../../../trace/sink.ts";
import { type BlockScanner, MAX_LINE_BYTES } from "../../blocks-of-lines.ts";
import type { Diagnostics } from "../../diagnostics.ts";
import { LineScanner } from "../line-scanner.ts";
import { NativeScanner } from "../native/scanner.ts";
import { firstLines, formatOf } from "../registry.ts";
import { inferLayout, isClearlyNative } from "./infer-layout.ts";

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
  readonly #format: string | null;
  /** null while lines are held back */
  #scanner: NativeScanner | LineScanner | null = null;
  #held: Held[] = [];
  #heldBytes = 0;

  /** `format`: the name of the log's format; null: its lines show it */
  constructor(
    sink: EventSink,
    diagnostics: Diagnostics,
    maxLineBytes = MAX_LINE_BYTES,
    format: string | null = null,
  ) {
    this.#sink = sink;
    this.#diagnostics = diagnostics;
    this.#maxLineBytes = maxLineBytes;
    this.#format = format;
  }

  /** True once the layout is decided, and lines may have the common form: no text need be made of them. */
  get takesBytes(): boolean {
    return this.#scanner?.hasCommonLines ?? false;
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
  ): NativeScanner | LineScanner {
    const lines = held.filter(({ kind }) => kind === "scan").map(({ bytes }) => bytes);
    const head = Buffer.concat(lines).toString("latin1", 0, HEAD_BYTES);
    const scanner = this.#scannerOf(head + next, sink, diagnostics);
    for (const { kind, bytes } of held) {
      scanner[kind](bytes, bytes.length);
    }
    return scanner;
  }

  #scannerOf(head: string, sink: EventSink, diagnostics: Diagnostics): NativeScanner | LineScanner {
    if (this.#format !== null || !isClearlyNative(head)) {
      const lines = firstLines(head);
      const format = formatOf(lines, this.#format);
      if (format !== null) {
        return new LineScanner(sink, diagnostics, format, lines, this.#maxLineBytes);
      }
    }
    const layout = inferLayout(head);
    diagnostics.layout = layout;
    return new NativeScanner(sink, diagnostics, this.#maxLineBytes, layout);
  }

  #hold(kind: Held["kind"], bytes: Buffer, length: number): void {
    this.#held.push({ kind, bytes: Buffer.from(bytes.subarray(0, length)) });
    this.#heldBytes += length;
    if (this.#heldBytes >= HEAD_BYTES) {
      this.decide();
    }
  }
}
