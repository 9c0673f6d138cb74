import { EVENTS_PER_BATCH } from "../trace/columns.ts";
import { type EventBatch, type Note, Op } from "../trace/event.ts";
import { completed } from "../trace/in-steps.ts";
import type { LogProcess } from "../trace/processes/log-process.ts";
import type { WhatIfRunner } from "../what-if/what-if-runner.ts";
import type { Analysis } from "./analysis.ts";

/** The analysis of one process of a log. */
export interface MemberAnalysis {
  readonly analysis: Analysis;
  readonly runner: WhatIfRunner;
}

/** A process of a log: its calls are analysed, or only counted. */
export class MemberProcess {
  readonly known: LogProcess;
  /** the pid; with `.2` and so on for a program that was executed, or a process that began, under the same pid later */
  readonly name: string;
  events = 0;
  /** null: its calls are only counted */
  analysed: MemberAnalysis | null;
  /** bytes requested by successful allocations that were only counted */
  #countedBytes = 0;
  /** what it did itself after it was forked; null: all that it did */
  #sinceFork: { events: number; volumeBytes: number } | null = null;

  constructor(known: LogProcess, name: string, analysed: MemberAnalysis | null) {
    this.known = known;
    this.name = name;
    this.analysed = analysed;
  }

  /**
   * Events, and bytes requested by successful allocations, including realloc's new size; without its parent's where its log has
   * them, too. Complete once all batches are consumed.
   */
  get own(): { readonly events: number; readonly volumeBytes: number } {
    const counted = this.#countedBytes;
    return (
      this.#sinceFork ?? {
        events: this.events,
        volumeBytes: this.analysed?.analysis.ledger.threads.withVolume(counted) ?? counted,
      }
    );
  }

  /** Takes the whole batch. Returns an empty batch that the caller may fill instead. */
  takeAll(batch: EventBatch): EventBatch {
    const isOfFork = this.#sinceFork !== null || batch.notes.some(isFork);
    if (this.analysed?.analysis.isBatchEmpty && !isOfFork) {
      this.events += batch.length;
      return this.analysed.analysis.exchange(batch);
    }
    let from = 0;
    for (const note of batch.notes) {
      this.take(batch, from, note.at);
      this.takeNote(note);
      from = note.at;
    }
    this.take(batch, from, batch.length);
    batch.clear();
    return batch;
  }

  /** Takes a copy of rows from .. to − 1 of the batch, without its notes. */
  take(batch: EventBatch, from: number, to: number): void {
    this.events += to - from;
    if (this.#sinceFork !== null) {
      this.#sinceFork.events += to - from;
      this.#sinceFork.volumeBytes += requestedBytes(batch, from, to);
    } else if (this.analysed === null) {
      this.#countedBytes += requestedBytes(batch, from, to);
    }
    if (this.analysed === null) {
      return;
    }
    const { analysis } = this.analysed;
    for (let at = from; at < to; ) {
      if (analysis.batch.length === EVENTS_PER_BATCH) {
        analysis.advance();
      }
      const end = Math.min(to, at + EVENTS_PER_BATCH - analysis.batch.length);
      analysis.batch.append(batch, at, end);
      at = end;
    }
  }

  /** Takes a comment that stands behind the rows taken so far. */
  takeNote(note: Note): void {
    if (isFork(note)) {
      this.#sinceFork = { events: 0, volumeBytes: 0 };
    }
    if (this.analysed !== null) {
      const { analysis } = this.analysed;
      if (analysis.batch.notes.length === EVENTS_PER_BATCH) {
        analysis.advance();
      }
      const { notes, length } = analysis.batch;
      notes.push({ ...note, at: length });
    }
  }

  /** From now on its calls are only counted. */
  release(): void {
    if (this.analysed !== null) {
      completed(this.analysed.analysis.drain());
      this.#countedBytes = this.analysed.analysis.ledger.threads.withVolume(0);
      this.analysed = null;
    }
  }
}

/** True for the comment behind the calls that a forked process has from its parent (forked-log.ts). */
export function isFork({ text }: Note): boolean {
  return /^fork /.test(text);
}

/** Bytes requested by the successful allocations in rows from .. to − 1. */
function requestedBytes({ op, size, pointerOut }: EventBatch, from: number, to: number): number {
  let bytes = 0;
  for (let i = from; i < to; i++) {
    if (op[i]! <= Op.pvalloc && pointerOut[i] !== 0) {
      bytes += size[i]!;
    }
  }
  return bytes;
}
