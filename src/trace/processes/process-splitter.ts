import { EventBatch, type Note } from "../event.ts";
import { Lines } from "../order/lines.ts";
import { isFirstBlock, type LogProcess } from "./log-process.ts";
import { NewThreads } from "./new-threads.ts";
import { PROGRAM_CALLS } from "./program-calls.ts";
import { ThreadOwners } from "./thread-owners.ts";

/** Blocks elsewhere that show that a thread has left the memory of its process. */
const MIN_ELSEWHERE = 8;

/** Lines that are looked at in one batch for threads that may have executed a program. */
const MAX_LOOKED_AT = 2 ** 19;

/** Entries of the cache of threads whose process is known; a power of 2. */
const CACHED = 1024;

/** Consecutive lines of one process, by their indexes in a batch. */
export interface Run {
  readonly process: LogProcess;
  readonly from: number;
  readonly to: number;
}

/**
 * Tells the processes of a log apart, batch by batch, by what the log states of them and by what their pointers show: a
 * program has a break and mappings of its own, where the kernel places them at random, and a forked process continues
 * with a copy of the heap of another.
 */
export class ProcessSplitter {
  readonly #owners = new ThreadOwners();
  readonly #newThreads = new NewThreads(this.#owners);
  readonly #cachedTids = new Int32Array(CACHED).fill(-1);
  readonly #cachedOwners: LogProcess[] = [];
  #lines = new Lines(new EventBatch(), null);
  /** the log states where processes begin */
  #areStated = false;
  /** events before the batch */
  #events = 0;
  /** lines that may still be looked at in this batch */
  #budget = 0;
  readonly #runs: Run[] = [];

  /** in order of first appearance */
  get processes(): readonly LogProcess[] {
    return this.#owners.all;
  }

  /** The process of a thread id at present; null: it is new. */
  ownerOf(tid: number): LogProcess | null {
    return this.#owners.ownerOf(tid);
  }

  /** Returns the runs of a batch in order; they are valid until the next call. `next`: the batch that follows. */
  split(batch: EventBatch, next: EventBatch | null): readonly Run[] {
    this.#runs.length = 0;
    this.#budget = MAX_LOOKED_AT;
    this.#lines = new Lines(batch, next);
    this.#newThreads.enter(batch, next, this.#events);
    let from = 0;
    for (const note of batch.notes) {
      const stated = statement(note);
      if (stated !== null) {
        this.#readRows(batch, from, note.at);
        from = note.at;
        this.#state(stated.tid, stated.pid);
      } else if (note.text === PROGRAM_CALLS) {
        this.#newThreads.seesVectors = false;
      }
    }
    this.#readRows(batch, from, batch.length);
    this.#newThreads.leave();
    this.#events += batch.length;
    return this.#runs;
  }

  /** Reads a comment: the thread is of the process `pid` from here on; null: it begins one. */
  #state(tid: number, pid: number | null): void {
    this.#areStated = true;
    const owner = this.#owners.ownerOf(tid);
    if (pid !== null) {
      this.#own(tid, this.#owners.latestOf(pid) ?? this.#owners.start(pid, "stated"));
    } else if (owner === null || owner.lastEvent >= 0) {
      // A process that begins again has executed a program.
      this.#own(tid, this.#owners.start(tid, "stated"));
    }
  }

  /** Hot: reads rows from .. to − 1. */
  #readRows({ tid, pointerOut }: EventBatch, from: number, to: number): void {
    let thread = -1;
    let start = from;
    let process: LogProcess | null = null;
    for (let i = from; i < to; i++) {
      let owner: LogProcess | null = process;
      if (owner === null || tid[i] !== thread) {
        thread = tid[i]!;
        const at = thread & (CACHED - 1);
        owner = this.#cachedTids[at] === thread ? this.#cachedOwners[at]! : this.#find(thread, i);
      }
      const pointer = pointerOut[i]!;
      if (pointer !== 0 && !owner.uses(pointer)) {
        owner = this.#ownerOfBlock(owner, thread, i);
      }
      if (owner !== process) {
        this.#endRun(process, start, i);
        owner.lastEvent = this.#events + i;
        process = owner;
        start = i;
      }
    }
    this.#endRun(process, start, to);
  }

  #endRun(process: LogProcess | null, from: number, to: number): void {
    if (process === null || from === to) {
      return;
    }
    const last = this.#runs.at(-1);
    if (last?.process === process) {
      this.#runs.pop();
      this.#runs.push({ ...last, to });
    } else {
      this.#runs.push({ process, from, to });
    }
  }

  #find(tid: number, at: number): LogProcess {
    const known = this.#owners.ownerOf(tid);
    const process = known ?? this.#newThreads.judge(tid, at, this.#areStated);
    this.#own(tid, process);
    return process;
  }

  #own(tid: number, process: LogProcess): void {
    this.#owners.own(tid, process);
    const at = tid & (CACHED - 1);
    this.#cachedTids[at] = tid;
    this.#cachedOwners[at] = process;
  }

  /** Line `at` of a thread of `known` returns a block where that has none so far: a new program may have it. */
  #ownerOfBlock(known: LogProcess, tid: number, at: number): LogProcess {
    const pointer = this.#lines.returnedBy(at);
    if (pointer === 0) {
      return known;
    }
    let owner = known;
    if (known.isElsewhere(pointer) && this.#hasLeft(known, tid, at)) {
      owner = this.#owners.start(tid, "program");
      this.#own(tid, owner);
    }
    owner.learn(pointer, this.#lines.get("size", at));
    return owner;
  }

  /**
   * True if the thread has another break from line `at` on, no longer uses the memory of its process, and is its last
   * thread: it has executed a program, or another run follows.
   */
  #hasLeft(known: LogProcess, tid: number, at: number): boolean {
    const lines = this.#lines;
    this.#budget -= lines.length - at;
    if (this.#budget < 0) {
      return false;
    }
    let elsewhere = 0;
    let hasOtherBreak = false;
    for (let k = at; k < lines.length; k++) {
      if (lines.get("tid", k) !== tid) {
        if (this.#owners.ownerOf(lines.get("tid", k)) === known) {
          return false;
        }
        continue;
      }
      for (const pointer of [lines.freedBy(k), lines.returnedBy(k)]) {
        if (known.uses(pointer)) {
          return false;
        }
        hasOtherBreak ||= known.hasOtherBreak(pointer);
        elsewhere += pointer === 0 ? 0 : 1;
      }
    }
    const isFirst = isFirstBlock(lines.returnedBy(at));
    return hasOtherBreak && (isFirst || elsewhere >= MIN_ELSEWHERE);
  }
}

/** What a comment states of a thread: `# owner TID PID`, or `# pid PID`, with which a process begins. */
function statement({ text }: Note): { readonly tid: number; readonly pid: number | null } | null {
  const [key, first, second] = text.split(/\s+/);
  if (key === "pid" && isId(first)) {
    return { tid: Number(first), pid: null };
  }
  if (key === "owner" && isId(first) && isId(second)) {
    return { tid: Number(first), pid: Number(second) };
  }
  return null;
}

/** True for a comment that states which process a thread is of. */
export function isStatement(note: Note): boolean {
  return statement(note) !== null;
}

function isId(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 2 ** 31;
}
