import { EVENTS_PER_BATCH } from "../columns.ts";
import { EventBatch, Op } from "../event.ts";
import { Lines } from "../order/lines.ts";
import { CUT_MODULUS, isAmongMappings } from "../signs/address-space.ts";
import { inheritsCache } from "./inherited-cache.ts";
import { type Kinship, kinshipOf } from "./kinship.ts";
import type { LogProcess } from "./log-process.ts";
import type { ThreadOwners } from "./thread-owners.ts";

/** pthread_create allocates a thread vector of at least so many bytes, a multiple of 16 (ptmalloc2.md §6.4). */
const THREAD_VECTOR = 256;

/** Lines above a thread's first one in which its vector is looked for. */
const LINES_BEFORE = 64;

/** Processes that a new thread may belong to: the latest ones. */
const MAX_CANDIDATES = 8;

/** Less evidence may be that of lines in the wrong order. */
const MIN_SHOWN = 3;

/** So many threads that are a process's own, and no fork, decide for those that follow. */
const SETTLED = 64;

/** Lines that are compared for the new threads of one batch: a log of many threads must not take longer for it. */
const MAX_COMPARED = 2 ** 19;

/** Alignment of the heaps of arenas other than the main arena, and what they begin with at most (ptmalloc2.md §2.3). */
const HEAP_BYTES = 64 * 2 ** 20;
const ARENA_HEAD_BYTES = 4096;

/** Blocks of so many bytes may have a mapping of their own (ptmalloc2.md §2.5). */
const MAPPED = 128 * 1024;

interface Relation {
  readonly own: LogProcess;
  readonly fork: "none" | "likely" | "shown";
}

/**
 * Finds the process of a thread that is new in the log, by its lines in the batch and the next one. A thread allocates in
 * an arena of its own as long as the process has few. One that allocates in the heap of a process may be forked from it,
 * or one of many threads, or one under MALLOC_ARENA_MAX=1: the blocks that both use show which.
 */
export class NewThreads {
  readonly #owners: ThreadOwners;
  #batch = new EventBatch();
  #lines = new Lines(this.#batch, null);
  /** number of the batch's first event */
  #first = 0;
  /** lines that may still be compared in this batch */
  #budget = 0;
  /** the log would have the calls with which glibc allocates thread vectors */
  seesVectors = true;
  /** the hook logs calloc, with which thread vectors are allocated */
  #logsCalloc = false;
  /** the last lines of the batch before */
  readonly #before = new EventBatch();

  constructor(owners: ThreadOwners) {
    this.#owners = owners;
  }

  /** Goes on to the next batch. `next`: the one that follows, null at the log's end. */
  enter(batch: EventBatch, next: EventBatch | null, first: number): void {
    this.#batch = batch;
    this.#lines = new Lines(batch, next);
    this.#first = first;
    this.#budget = MAX_COMPARED;
    this.#logsCalloc ||= batch.op.subarray(0, batch.length).includes(Op.calloc);
  }

  /** The batch is done; its columns may change from now on. */
  leave(): void {
    const kept = Math.min(LINES_BEFORE, this.#batch.length);
    this.#before.copy(this.#batch, kept, this.#batch.length - kept);
  }

  /** Returns the process of the thread whose first line is `at`. `areStated`: the log states where processes begin. */
  judge(tid: number, at: number, areStated: boolean): LogProcess {
    const candidates = this.#candidates(at);
    const [likely] = candidates;
    if (likely === undefined) {
      return this.#owners.start(tid, "first");
    }
    const block = this.#firstBlock(tid, at);
    if (block === 0 || isAmongMappings(block) || beginsArena(block)) {
      return candidates.find((one) => !one.isElsewhere(block)) ?? likely;
    }
    if (!areStated && candidates.every((one) => one.hasOtherBreak(block))) {
      return this.#owners.start(tid, "program");
    }
    const sharing = candidates.filter(({ heap }) => heap.includes(block));
    const [parent] = sharing;
    if (parent === undefined) {
      return likely;
    }
    if (areStated) {
      return parent;
    }
    const { own, fork } = this.#relation(sharing, parent, tid, at);
    if (fork !== "none") {
      return this.#owners.fork(parent, tid, fork === "shown");
    }
    own.ownThreads++;
    return own;
  }

  /** The processes that a thread may belong to whose first line is `at`, likeliest first. */
  #candidates(at: number): LogProcess[] {
    const oldest = this.#first + at - 2 * EVENTS_PER_BATCH;
    const recent = this.#owners.all.filter(({ lastEvent }) => lastEvent >= oldest);
    recent.sort((a, b) => b.lastEvent - a.lastEvent);
    recent.splice(MAX_CANDIDATES);
    const creator = this.#creatorOf(at);
    return creator === null
      ? recent
      : [creator, ...recent.filter((process) => process !== creator)];
  }

  /** The process that has allocated a thread vector shortly before line `at`; null for none. */
  #creatorOf(at: number): LogProcess | null {
    const lines = new Lines(this.#before, this.#batch);
    const end = this.#before.length + at;
    for (let k = end - 1; k >= Math.max(0, end - LINES_BEFORE); k--) {
      const size = lines.get("size", k);
      if (lines.get("op", k) === Op.calloc && size >= THREAD_VECTOR && size % 16 === 0) {
        return this.#owners.ownerOf(lines.get("tid", k));
      }
    }
    return null;
  }

  /** The first block that the thread allocates in an arena; 0 for none. A realloc stays in the arena of its block. */
  #firstBlock(tid: number, at: number): number {
    const lines = this.#lines;
    for (let k = at; k >= 0; k = lines.nextOf(tid, k)) {
      const pointer = lines.get("op", k) === Op.realloc ? 0 : lines.returnedBy(k);
      if (pointer !== 0 && lines.get("size", k) < MAPPED) {
        return pointer;
      }
    }
    return 0;
  }

  /** Whether a thread is one of `sharing`, the processes in whose heap it allocates, or a fork of `parent`, their first. */
  #relation(sharing: readonly LogProcess[], parent: LogProcess, tid: number, at: number): Relation {
    const { ownThreads, forks } = parent;
    if (ownThreads >= SETTLED && forks === 0) {
      return { own: parent, fork: "none" };
    }
    this.#budget -= this.#lines.length * sharing.length;
    if (this.#budget < 0) {
      return { own: parent, fork: hasRelatives(parent) ? "shown" : "none" };
    }
    const kin = sharing.map((one) => kinshipOf(this.#lines, at, tid, one, this.#owners));
    if (kin.some(({ areKeptBack }) => areKeptBack)) {
      return { own: parent, fork: "none" };
    }
    const isForeign = kin.some(contradicts);
    const related = kin.find((one) => one.shared >= MIN_SHOWN && mayBeOwn(one, isForeign));
    if (related !== undefined) {
      return { own: related.other, fork: "none" };
    }
    const isApart = kin[0]?.areActive === true && mayBeOwn(kin[0], true);
    if (isForeign) {
      return { own: parent, fork: "shown" };
    }
    return { own: parent, fork: isApart ? "none" : this.#forkOf(parent, tid, at) };
  }

  /** Decides where blocks do not. A thread that executes a program is a fork, as its process would end otherwise. */
  #forkOf(parent: LogProcess, tid: number, at: number): Relation["fork"] {
    if (this.#creatorOf(at) === parent) {
      return "none";
    }
    if (hasRelatives(parent) || this.#executes(parent, tid, at)) {
      return "shown";
    }
    const inherits = inheritsCache(this.#lines, at, tid, parent, this.#owners);
    if (inherits !== null) {
      return inherits ? "shown" : "none";
    }
    // The second thread of a process is announced by a thread vector.
    const isSecond = parent.showsHeapStart && parent.threads === 1;
    return isSecond && this.#logsCalloc && this.seesVectors ? "likely" : "none";
  }

  /** True if the first block of the thread outside the memory of `parent` is one of another program. */
  #executes(parent: LogProcess, tid: number, at: number): boolean {
    const lines = this.#lines;
    for (let k = at; k >= 0; k = lines.nextOf(tid, k)) {
      const pointer = lines.returnedBy(k);
      if (pointer !== 0 && !parent.uses(pointer)) {
        return parent.hasOtherBreak(pointer);
      }
    }
    return false;
  }
}

/** True if the thread cannot be one of that process: the lines of racing threads contradict each other, too, but less. */
function contradicts(one: Kinship): boolean {
  const isClear = one.contradictions >= MIN_SHOWN && one.contradictions > 2 * one.shared;
  return isClear && (one.areActive || one.other.ownThreads === 0);
}

/** Two forks of one process have much in common, and only a little contradicts it. */
function mayBeOwn(one: Kinship, isForeign: boolean): boolean {
  return isForeign || hasRelatives(one.other)
    ? one.contradictions + one.taken === 0
    : !contradicts(one);
}

/** True if the heap of the process is not the only copy, as the log has shown. */
function hasRelatives({ forks, isShownFork }: LogProcess): boolean {
  return forks > 0 || isShownFork;
}

/** True for the first block of an arena's first heap, as a cut pointer shows it (ptmalloc2.md §2.3). */
function beginsArena(block: number): boolean {
  return block < CUT_MODULUS && block % HEAP_BYTES < ARENA_HEAD_BYTES;
}
