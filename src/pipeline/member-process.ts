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

  constructor(known: LogProcess, name: string, analysed: MemberAnalysis | null) {
    this.known = known;
    this.name = name;
    this.analysed = analysed;
  }

  /** Bytes requested by successful allocations, including realloc's new size; complete once all batches are consumed. */
  get volumeBytes(): number {
    const rows = this.analysed?.analysis.ledger.threads.rows() ?? [];
    return rows.reduce((sum, { volumeBytes }) => sum + volumeBytes, this.#countedBytes);
  }

  /** Takes the whole batch. Returns an empty batch that the caller may fill instead. */
  takeAll(batch: EventBatch): EventBatch {
    if (this.analysed?.analysis.isBatchEmpty) {
      this.events += batch.length;
      return this.analysed.analysis.exchange(batch);
    }
    this.take(batch, 0, batch.length, batch.notes);
    batch.clear();
    return batch;
  }

  /** Takes a copy of rows from .. to − 1 of the batch, and of `notes`, which stand among them. */
  take(batch: EventBatch, from: number, to: number, notes: readonly Note[]): void {
    this.events += to - from;
    if (this.analysed === null) {
      this.#count(batch, from, to);
      return;
    }
    const { analysis } = this.analysed;
    let next = 0;
    for (let at = from; at < to || next < notes.length; ) {
      if (analysis.batch.length === EVENTS_PER_BATCH) {
        analysis.advance();
      }
      const own = analysis.batch;
      const end = Math.min(to, at + EVENTS_PER_BATCH - own.length);
      const shift = own.length - at;
      for (; next < notes.length && notes[next]!.at <= end; next++) {
        const note = notes[next]!;
        own.notes.push({ ...note, at: Math.max(own.length, note.at + shift) });
      }
      own.append(batch, at, end);
      at = end;
    }
  }

  /** From now on its calls are only counted. */
  release(): void {
    if (this.analysed !== null) {
      completed(this.analysed.analysis.drain());
      this.#countedBytes = this.volumeBytes;
      this.analysed = null;
    }
  }

  #count({ op, size, pointerOut }: EventBatch, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if (op[i]! <= Op.pvalloc && pointerOut[i] !== 0) {
        this.#countedBytes += size[i]!;
      }
    }
  }
}
