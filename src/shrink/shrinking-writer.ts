import type { LogWriter } from "../convert/log-writer.ts";
import { NativeWriter } from "../convert/native-writer.ts";
import { Clock } from "../trace/clock.ts";
import { EventBatch, type Note, Op } from "../trace/event.ts";
import { shortWords } from "../trace/signs/word-size.ts";
import { CallSites } from "./call-sites.ts";
import { LiveBlocks } from "./live-blocks.ts";
import type { MomentGate } from "./moment-gate.ts";
import { MovedAddresses } from "./moved-addresses.ts";
import { Numbers } from "./numbers.ts";
import { isOfProcess, SharedComments } from "./shared-comments.ts";

/** The part of a log between two moments; null: from its beginning, or to its end. */
export interface Window {
  readonly from: MomentGate | null;
  readonly to: MomentGate | null;
}

/** Seconds above the first line's time: lines may be late by as much, and no time is negative. */
const MARGIN_SECONDS = 10;

/** Labels of marks that are told apart: a log may have one for each request. */
const MAX_LABELS = 4096;

/**
 * Writes a log in the native format without what identifies machine, program or people: threads and processes have numbers,
 * addresses other places, and times count from the log's start. Of comments, only those are kept that the model reads.
 */
export class ShrinkingWriter implements LogWriter {
  readonly threads = new Numbers<number>();
  readonly sites = new CallSites();
  readonly #addresses = new MovedAddresses();
  readonly comments = new SharedComments(this.threads, this.#addresses);
  readonly #labels = new Numbers<number>();
  readonly #texts = { callerNames: [], markLabels: new Map<number, string>() };
  readonly #native = new NativeWriter(this.#texts);
  readonly losses = this.#native.losses;
  readonly #clock = new Clock();
  readonly #window: Window;
  readonly #live = new LiveBlocks();
  readonly #part = new EventBatch();
  /** µs that are subtracted from all times; NaN: no line with a time so far */
  #start = Number.NaN;
  /** a call of the window was written, and one after it was read */
  #isBegun: boolean;
  #isOver = false;
  #isArchLookedFor = false;
  /** calls in the window */
  events = 0;
  /** live blocks at the window's start */
  blocksBefore = 0;

  constructor(window: Window) {
    this.#window = window;
    this.#isBegun = window.from === null;
  }

  /** The window has ended: comments that stand below it are left out. */
  get isDone(): boolean {
    return this.#isBegun && this.#isOver;
  }

  write(batch: EventBatch): string {
    this.#clock.read(batch);
    this.#readStart(batch);
    const arch = this.#statedArch(batch);
    const { from, to } = this.#window;
    const begin = from === null ? 0 : from.firstAfter(batch, 0);
    const end = to === null ? batch.length : Math.max(begin, to.firstAfter(batch, 0));
    const isFirst = !this.#isBegun && begin < batch.length;
    const above: Note[] = [];
    const inside: Note[] = [];
    const below: Note[] = [];
    for (const note of batch.notes) {
      if (!this.#isBegun && note.at <= begin) {
        above.push(note);
      } else if (this.#isOver || note.at > end) {
        below.push(note);
      } else {
        inside.push({ ...note, at: note.at - begin });
      }
    }
    if (!this.#isBegun) {
      this.#live.apply(batch, 0, begin);
    }
    this.#isBegun ||= isFirst;
    this.#isOver ||= end < batch.length;
    return (
      arch +
      this.#outside(above) +
      (isFirst ? this.#liveBlocks() : "") +
      this.#inside(batch, begin, end, inside) +
      this.#outside(below)
    );
  }

  /** A 32-bit process that nothing shows but its addresses, which become others: a comment says it instead. */
  #statedArch(batch: EventBatch): string {
    if (this.#isArchLookedFor || batch.length === 0) {
      return "";
    }
    this.#isArchLookedFor = true;
    if (batch.notes.some(({ text }) => text.startsWith("arch "))) {
      return "";
    }
    return shortWords([batch])?.shows === "place" ? "# arch i686\n" : "";
  }

  #readStart({ time, length }: EventBatch): void {
    if (Number.isNaN(this.#start)) {
      const first = time.subarray(0, length).find((at) => !Number.isNaN(at)) ?? Number.NaN;
      this.#start = Math.max(0, Math.floor(first / 1e6) - MARGIN_SECONDS) * 1e6;
    }
  }

  /** Of comments beyond the window, those that hold for the whole process. */
  #outside(notes: readonly Note[]): string {
    const part = this.#part;
    part.clear();
    for (const { text, line } of notes.filter((note) => isOfProcess(note.text))) {
      const shared = this.comments.rewrite(text);
      if (shared !== "") {
        part.notes.push({ at: 0, line, text: shared });
      }
    }
    return this.#native.write(part);
  }

  #liveBlocks(): string {
    this.blocksBefore = this.#live.size;
    let text = "";
    for (const batch of this.#live.takeBatches()) {
      text += this.#rewritten(batch);
    }
    return text;
  }

  #inside(batch: EventBatch, from: number, to: number, notes: readonly Note[]): string {
    this.events += to - from;
    const part = this.#part;
    part.copy(batch, to - from, from);
    for (const note of notes) {
      part.notes.push({ ...note, text: this.comments.rewrite(note.text) });
    }
    return this.#rewritten(part);
  }

  /** Rewrites the batch in place. */
  #rewritten(batch: EventBatch): string {
    const { op, tid, time, caller, align, pointerIn, pointerOut, length } = batch;
    for (let i = 0; i < length; i++) {
      tid[i] = this.threads.of(tid[i]!);
      time[i] = Math.max(0, time[i]! - this.#start);
      caller[i] = this.sites.of(caller[i]!);
      pointerIn[i] = this.#addresses.of(pointerIn[i]!);
      pointerOut[i] = this.#addresses.of(pointerOut[i]!);
      if (op[i] === Op.mark) {
        align[i] = this.#label(align[i]!);
      }
    }
    return this.#native.write(batch);
  }

  #label(label: number): number {
    const number = this.#labels.size < MAX_LABELS ? this.#labels.of(label) : MAX_LABELS;
    this.#texts.markLabels.set(number, String(number));
    return number;
  }
}
