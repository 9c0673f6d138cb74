import { type Profile, profileOf } from "../ptmalloc/profile.ts";
import type { Inferences } from "../replay/inferences.ts";
import { type Insertion, isExit } from "../replay/insertions.ts";
import type { LastExits } from "../replay/last-exits.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { Work } from "../replay/work.ts";
import type { Ranges } from "../replay/writes/byte-ranges.ts";
import { Action, LOST_FREE, withoutLostFree } from "../trace/actions.ts";
import { Flag, Operation } from "./operations.ts";
import { OperationsFile } from "./operations-file.ts";
import { TrimSchedule } from "./trim-schedule.ts";

/**
 * Writes the operations of one process: the calls of the log in the inferred order, the exits of threads, and the writes of
 * the program, as a what-if replays them. `trimPeriods`: in seconds of log time, of the scenarios that trim at intervals.
 */
export class OperationsWriter {
  readonly file = new OperationsFile();
  readonly #trimPeriods: readonly number[];
  #schedules: TrimSchedule[] = [];
  #profile: Profile | null = null;
  #events = 0;
  #blocks = 0;
  #threads = 0;
  #firstThreadExits = false;
  /** the thread of the latest call; −1: none */
  #thread = -1;
  /** flags of the next record */
  #flags = 0;

  constructor(trimPeriods: readonly number[]) {
    this.#trimPeriods = trimPeriods;
  }

  /** The log begins, or begins again. */
  start({ profile }: RecordedProcess): void {
    this.file.clear();
    this.#profile = profile;
    this.#schedules = this.#trimPeriods.map((seconds) => new TrimSchedule(seconds));
    this.#events = 0;
    this.#blocks = 0;
    this.#threads = 0;
    this.#firstThreadExits = false;
    this.#thread = -1;
    this.#flags = 0;
  }

  take(work: Work, { first, insertions, glibc }: Inferences): void {
    this.#profile = glibc === null ? this.#profile : profileOf(glibc);
    const { length } = work.batch;
    let next = 0;
    for (let i = 0; i < length; i++) {
      for (; next < insertions.length && insertions[next]!.before <= first + i; next++) {
        this.#insert(insertions[next]!);
      }
      this.#event(work, i);
    }
    for (const insertion of insertions.slice(next)) {
      this.#insert(insertion);
    }
    this.#events += length;
  }

  /** The log ends. */
  finish(insertions: readonly Insertion[], { ended }: LastExits): void {
    for (const insertion of insertions) {
      this.#insert(insertion);
    }
    for (const { thread } of ended) {
      this.#exit(thread);
    }
    this.file.finish({
      events: this.#events,
      blocks: this.#blocks,
      threads: this.#threads,
      firstThreadExits: this.#firstThreadExits,
    });
  }

  #event({ batch, actions, touch }: Work, i: number): void {
    this.#flags = Flag.beginsEvent;
    this.#trims(batch.time[i]!);
    const action = actions.action[i]!;
    const call = withoutLostFree(action);
    if (call !== Action.freeAfterExit) {
      this.#enter(actions.thread[i]!);
    }
    if (action >= LOST_FREE) {
      this.#append(Operation.free, this.#block(actions.lost[i]!));
    }
    const size = batch.size[i]!;
    if (call === Action.memalign || call === Action.mallopt) {
      this.#append(Operation.argument, 0, batch.align[i]!);
    }
    const returns = call !== Action.none && call <= Action.pvalloc;
    const whole = returns && touch.whole[i] === 1;
    if (whole && call !== Action.realloc) {
      this.#flags |= Flag.writesAll;
    }
    const block = actions.block[i]!;
    this.#append(call, block < 0 ? 0 : this.#block(block), size);
    if (whole && call === Action.realloc) {
      this.#write(Operation.write, block, actions.oldSize[i]!, size);
    } else if (returns && !whole) {
      this.#write(Operation.write, block, touch.from[i]!, touch.to[i]!);
    }
  }

  #trims(time: number): void {
    for (const [n, schedule] of this.#schedules.entries()) {
      if (schedule.isDue(time)) {
        this.#append(Operation.scheduledTrim, n + 1);
      }
    }
  }

  #enter(thread: number): void {
    if (thread !== this.#thread) {
      this.#thread = thread;
      this.#threads = Math.max(this.#threads, thread + 1);
      this.#append(Operation.thread, thread);
    }
  }

  #insert(insertion: Insertion): void {
    switch (insertion.kind) {
      case "exit":
      case "suggestedExit":
        if (this.#profile !== null && isExit(insertion, this.#profile)) {
          this.#exit(insertion.thread);
        }
        return;
      case "sbrk":
        this.#append(Operation.sbrk, 0, insertion.bytes);
        return;
      case "writes":
        this.#ranges(Operation.write, insertion.block, insertion.written);
        this.#ranges(Operation.absent, insertion.block, insertion.unwritten);
        return;
      case "probe":
      case "lateExits":
      case "comingPointer":
      case "mappingEnd":
        // About the log's pointers, or the choice among arenas that were all given up before.
        return;
      default:
        throw new TypeError(`unknown insertion: ${JSON.stringify(insertion satisfies never)}`);
    }
  }

  #exit(thread: number): void {
    this.#firstThreadExits ||= thread === 0;
    this.#threads = Math.max(this.#threads, thread + 1);
    this.#append(Operation.exit, thread);
    if (thread === this.#thread) {
      this.#thread = -1;
    }
  }

  #ranges(kind: Operation, block: number, ranges: Ranges): void {
    for (let i = 0; i < ranges.length; i += 2) {
      this.#write(kind, block, ranges[i]!, ranges[i + 1]!);
    }
  }

  /** Bytes from .. to − 1 of a block. */
  #write(kind: Operation, block: number, from: number, to: number): void {
    if (from < to) {
      this.#append(Operation.argument, 0, from);
      this.#append(kind, this.#block(block), to);
    }
  }

  #block(block: number): number {
    this.#blocks = Math.max(this.#blocks, block + 1);
    return block;
  }

  #append(kind: Operation, number: number, size = 0): void {
    this.file.append(kind, this.#flags, number, size);
    this.#flags = 0;
  }
}
