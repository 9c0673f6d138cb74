import type { MarkLabels } from "../trace/stated/mark-labels.ts";
import type { Addresses } from "./formats/log-format.ts";
import { type Layout, NATIVE_LAYOUT } from "./formats/native/layout.ts";
import { type CallKind, kindOfCall } from "./unread-calls.ts";

const MALFORMED_SAMPLES = 10;
export const SAMPLE_CHARACTERS = 200;

export interface MalformedSample {
  /** 1-based, over all pieces of the log */
  readonly line: number;
  /** as logged, at most `SAMPLE_CHARACTERS` long; escape it before printing it to a terminal */
  readonly text: string;
}

/** What the calls of a log tell besides op and size. */
export interface Tells {
  threads: boolean;
  times: boolean;
  callers: boolean;
}

export const NOTHING_TOLD: Readonly<Tells> = { threads: false, times: false, callers: false };

/** The format that a log was read as. */
export interface ReadFormat {
  readonly name: string;
  addresses: Addresses;
  readonly remarks: string[];
  /** of a foreign format, what its calls have told so far; null: native, whose layout says it */
  readonly tells: Tells | null;
}

export function nativeFormat(): ReadFormat {
  return { name: "native", addresses: "glibc", remarks: [], tells: null };
}

/** Lines that name a call and could not be parsed. */
export interface UnreadCall {
  lines: number;
  /** the first of them; line 0: there is none */
  first: MalformedSample;
}

/**
 * Counts what was read, and what could not be parsed. No line goes uncounted: total = parsed + comments + malformed +
 * blank holds after every block of lines.
 */
export class Diagnostics {
  readonly lines = {
    /** all lines, including blank ones and an unterminated last one */
    total: 0,
    /** lines that gave an event, or a part of one */
    parsed: 0,
    /** lines whose first non-blank character is #, and others that a foreign format has besides calls */
    comments: 0,
    malformed: 0,
    /** lines of nothing but spaces and tabs */
    blank: 0,
  };
  /** malformed lines by reason; their sum is `lines.malformed` */
  readonly malformedKinds = {
    /** does not match the format */
    unparsable: 0,
    /** longer than `MAX_LINE_BYTES` */
    overlong: 0,
  };
  /** unparsable lines by the call that they name */
  readonly unreadCalls: Record<CallKind, UnreadCall> = {
    malloc: noUnread(),
    calloc: noUnread(),
    realloc: noUnread(),
    memalign: noUnread(),
    free: noUnread(),
  };
  format = nativeFormat();
  /** what the log's first lines show of their columns */
  layout: Layout = NATIVE_LAYOUT;
  /** callers that lines give as text, in order of appearance: see trace/stated/caller-names.ts */
  readonly callerNames: string[] = [];
  /** labels of marks by the number in their events */
  readonly markLabels: MarkLabels = new Map();
  /** inputs that end early: incomplete compressed data, an incomplete last line */
  truncatedInputs = 0;
  /** the first `MALFORMED_SAMPLES` malformed lines */
  readonly samples: MalformedSample[] = [];

  /** Counts a malformed line; `bytes[start, end)` is the line, or its beginning. */
  malformed(
    line: number,
    kind: keyof Diagnostics["malformedKinds"],
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.lines.malformed++;
    this.malformedKinds[kind]++;
    if (this.samples.length < MALFORMED_SAMPLES) {
      this.samples.push({ line, text: sampleText(bytes, start, end) });
    }
    const call = kind === "unparsable" ? kindOfCall(bytes, start, end) : null;
    if (call !== null) {
      const unread = this.unreadCalls[call];
      unread.lines++;
      if (unread.lines === 1) {
        unread.first = { line, text: sampleText(bytes, start, end) };
      }
    }
  }
}

function sampleText(bytes: Buffer, start: number, end: number): string {
  // A UTF-8 character has at most 4 bytes: what lies beyond is not part of the sample.
  const shown = Math.min(end, start + 4 * SAMPLE_CHARACTERS);
  return [...bytes.toString("utf8", start, shown)].slice(0, SAMPLE_CHARACTERS).join("");
}

function noUnread(): UnreadCall {
  return { lines: 0, first: { line: 0, text: "" } };
}
