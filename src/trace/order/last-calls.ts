import { Action, type ActionBatch } from "../actions.ts";
import { type EventBatch, Op } from "../event.ts";
import { isAmongMappings } from "../signs/address-space.ts";
import { RecycledIds } from "./recycled-ids.ts";
import { type FirstCalls, type LastCall, ThreadCalls } from "./thread-calls.ts";
import type { CleanUp } from "./trailing-frees.ts";

/** A thread whose last calls look like those of a thread that exits. */
export interface LikelyExit {
  /** dense index */
  readonly thread: number;
  /** number (0-based) of the event after which it exits */
  readonly last: number;
  /** calls of free(NULL) just before, at least 1; 0 where none is logged */
  readonly frees: number;
  /** false: the last calls of a thread that does not exit may look alike */
  readonly sure: boolean;
}

/** The exit of a thread, and the calls that show it. */
interface Ending {
  readonly exit: LikelyExit;
  readonly cleanUp: CleanUp;
}

/** Call sites kept. A program has fewer; a log with more has callers that are no call sites. */
const MAX_SITES = 65_536;

/** Callers that are remembered as having freed a block lately; a power of 2. */
const LATELY = 256;

/** Events without a call of a thread that suggest its exit where its last calls alone do not. */
const SILENT_EVENTS = 8192;

/** Of the exits that silence suggested, at most this part may turn out wrong; else silence suggests nothing. */
const MAX_REVIVED_RATIO = 0.1;

/**
 * Finds threads that exit. glibc frees the buffers of an exiting thread, and a hook logs these calls like any others: one
 * free(NULL), since 2.32 two (the buffers of strerror and strsignal, which few threads ever use), after the program's
 * last destructors and just before the thread's cache is emptied (ptmalloc2.md §6.4). A thread with another last call
 * has not exited. A thread with these last calls has, or its last calls happen to be free(NULL). Callers decide between
 * the two: these call sites are in the C library, not in the program, free nothing else, and run once for each thread.
 *
 * A log is read once, so whether a call is a thread's last is known only as far as the batch that follows.
 */
export class LastCalls {
  readonly #threads = new ThreadCalls();
  /** thread of the last event; −1 before the first */
  #lastThread = -1;
  /** callers that have freed a block */
  readonly #freeing = new Set<number>();
  /** some of them by their low bits: a set boxes and hashes each number that it is asked for */
  readonly #freedLately = new Float64Array(LATELY).fill(Number.NaN);
  /** number of free(NULL) calls by caller */
  readonly #nulls = new Map<number, number>();
  /** exits found before the log's end */
  #exits = 0;
  /** threads whose exit was found although it was not sure */
  readonly #unsure = new Set<number>();
  #unsureExits = 0;
  /** of these, threads that called again */
  #revived = 0;
  /** threads that called in the current batch */
  readonly #calling = new Set<number>();
  readonly #recycled = new RecycledIds();

  /** True if some line is a free(NULL): the hook logs these calls. */
  get showsNull(): boolean {
    return this.#nulls.size > 0;
  }

  /**
   * Reads a resolved batch whose first event has number `first`; `next` is the batch that follows, null at the log's end.
   * Returns the threads that exit in this batch, in order of their last calls, and rewrites the actions of what they free
   * afterwards.
   */
  read(
    batch: EventBatch,
    actions: ActionBatch,
    first: number,
    next: EventBatch | null,
  ): LikelyExit[] {
    this.#calling.clear();
    const threads = this.#threads;
    let latest = -1;
    for (let i = 0; i < batch.length; i++) {
      const op = batch.op[i]!;
      // Lines that are not calls of the allocator.
      if (op === Op.mark || op === Op.threadExit) {
        continue;
      }
      const thread = actions.thread[i]!;
      if (thread !== latest) {
        if (!threads.has(thread)) {
          this.#enter(thread, batch.tid[i]!);
        }
        if (threads.lastOf(thread) < first) {
          this.#calling.add(thread);
        }
        latest = thread;
      }
      const event = first + i;
      const caller = batch.caller[i]!;
      if (op === Op.free && batch.pointerIn[i] === 0) {
        this.#readNull(thread, event, caller);
      } else {
        if (op !== Op.free) {
          this.#resume(thread);
        } else {
          threads.trailingOf(thread)?.addBlock(event, actions.oldSize[i]!, caller);
          if (this.#freedLately[caller & (LATELY - 1)] !== caller) {
            this.#addFreeing(caller);
          }
        }
        threads.call(thread, event);
      }
      this.#lastThread = thread;
    }
    return this.#exitsWithin(actions, first, first + batch.length, next);
  }

  #addFreeing(caller: number): void {
    if (this.#freeing.size < MAX_SITES) {
      this.#freeing.add(caller);
    }
    this.#freedLately[caller & (LATELY - 1)] = caller;
  }

  /** The threads that seem to have exited with `frees` (1 or 2) calls of free(NULL), in order of their last calls. */
  likelyExits(frees: number): LikelyExit[] {
    const found = new Map<number, LikelyExit>();
    const threads = this.#threads;
    for (const thread of threads.indices()) {
      const exit = this.#exitOf(thread, threads.trailingOf(thread)?.cleanUp() ?? null);
      if (exit !== null && exit.frees >= frees) {
        found.set(thread, exit);
      }
    }
    for (const tid of threads.indices()) {
      const thread = this.#underNewTid(threads.firstCalls(tid), frees);
      if (thread !== null && !found.has(thread)) {
        found.set(thread, { thread, last: threads.lastOf(thread), frees: 0, sure: false });
      }
    }
    return inOrder([...found.values()]);
  }

  /** All threads but the main one, in order of their last calls: where no free(NULL) is logged, any may have exited. */
  all(): LikelyExit[] {
    const all: LikelyExit[] = [];
    for (const thread of this.#threads.indices()) {
      if (thread !== 0) {
        all.push({ thread, last: this.#threads.lastOf(thread), frees: 0, sure: false });
      }
    }
    return inOrder(all);
  }

  /** A thread, or another one with its id, goes on after its frees, if it has made some. */
  #resume(thread: number): void {
    const trailing = this.#threads.trailingOf(thread);
    if (trailing === null) {
      return;
    }
    this.#threads.clearTrailing(thread);
    if (thread === 0) {
      return;
    }
    // Most frees of NULL are of the program: a look at the last call site is quick.
    const site = trailing.lastNullSite;
    const mayBe = site === null || (isAmongMappings(site) && !this.#freeing.has(site));
    this.#recycled.resume(
      { thread, isFirst: this.#threads.firstCalls(thread).areAll },
      trailing,
      mayBe,
    );
  }

  /** The pointers of the last batch show that the thread exited before event `before`. */
  confirm(thread: number, before: number): void {
    const threads = this.#threads;
    for (const one of [thread, ...threads.followersOf(thread)]) {
      const trailing = threads.trailingOf(one);
      const latest = trailing && (this.#recycled.known(trailing) ?? trailing.cleanUp());
      const shown = this.#recycled.shownBefore(before, latest);
      const sites = shown === null ? [] : this.#exitSites(shown);
      if (sites.length > 0 && sites.every(isAmongMappings)) {
        this.#recycled.learn(sites);
        // The id's next call is not to show the exit again.
        threads.clearTrailing(one);
        return;
      }
    }
  }

  #readNull(thread: number, event: number, caller: number): void {
    this.#threads.freeNull(thread, event, caller);
    if (this.#nulls.size < MAX_SITES) {
      this.#nulls.set(caller, (this.#nulls.get(caller) ?? 0) + 1);
    }
  }

  /** Returns the threads whose last call is in the batch of the events from..end-1, as far as `next` shows. */
  #exitsWithin(
    actions: ActionBatch,
    from: number,
    end: number,
    next: EventBatch | null,
  ): LikelyExit[] {
    const found: LikelyExit[] = [];
    const endings = this.#endings(end, next);
    for (const { thread, isFirst, cleanUp } of this.#recycled.take()) {
      const owner = isFirst
        ? this.#silentSince(this.#threads.firstCalls(thread).predecessor)
        : thread;
      if (isFirst) {
        this.#threads.dropOpening(thread);
      }
      if (owner !== null) {
        markLate(cleanUp, actions, from);
        this.#exits++;
        found.push(exitAt(owner, cleanUp));
      }
    }
    for (const { exit, cleanUp } of endings) {
      const { thread } = exit;
      markLate(cleanUp, actions, from);
      const first = this.#threads.firstCalls(thread);
      this.#forget(exit);
      const other = this.#underNewTid(first, exit.frees);
      if (other !== null) {
        this.#threads.remove(other);
        found.push({ ...exit, thread: other, sure: false });
      }
      // A tid that has made no other call has no thread of its own.
      if (other === null || !first.areAll) {
        found.push(exit);
      }
    }
    return inOrder(found);
  }

  /** Returns the threads that have fallen silent, or whose ids speak again next, and learns their call sites. */
  #endings(end: number, next: EventBatch | null): Ending[] {
    const found: Ending[] = [];
    for (const thread of this.#calling) {
      if (!this.#threads.has(thread)) {
        continue;
      }
      const trailing = this.#threads.trailingOf(thread);
      if (trailing === null) {
        continue;
      }
      const following = nextCall(next, this.#threads.tidOf(thread));
      const isSilent = following < 0;
      // A thread may free thread vectors after its exit.
      const mayEnd = isSilent || next?.op[following] !== Op.free;
      const known = mayEnd ? this.#recycled.known(trailing) : null;
      const cleanUp = known ?? (isSilent ? trailing.cleanUp() : null);
      const exit = known === null ? this.#exitOf(thread, cleanUp) : exitAt(thread, known);
      if (cleanUp === null || exit === null) {
        continue;
      }
      const silentEvents = end + (next?.length ?? 0) - exit.last;
      if (!exit.sure && !this.#isSuggestedBySilence(exit, silentEvents)) {
        continue;
      }
      if (exit.sure && known === null) {
        this.#recycled.learn(this.#exitSites(cleanUp));
      }
      found.push({ exit, cleanUp });
    }
    return found;
  }

  #forget({ thread, sure }: LikelyExit): void {
    this.#threads.remove(thread);
    this.#exits++;
    if (!sure) {
      this.#unsureExits++;
      this.#unsure.add(thread);
    }
  }

  /** A single free(NULL) before the silence suggests nothing: many programs make one now and then. */
  #isSuggestedBySilence({ frees }: LikelyExit, silentEvents: number): boolean {
    const isRule = this.#revived <= (this.#unsureExits + 1) * MAX_REVIVED_RATIO;
    return frees >= 2 && silentEvents >= SILENT_EVENTS && isRule;
  }

  /** Returns the exit of a thread whose calls end with `cleanUp`; null if they do not show one. */
  #exitOf(thread: number, cleanUp: CleanUp | null): LikelyExit | null {
    // The main thread outlives all others.
    if (thread === 0 || cleanUp === null) {
      return null;
    }
    const { nulls, last } = cleanUp;
    const sites = this.#exitSites(cleanUp);
    if (sites.length === 0) {
      return null;
    }
    const frees = sites.length === 1 && cleanUp.sites.length > 1 ? 1 : nulls;
    // Sure if the sites are in a library. Cut addresses and missing ones (0) leave it open.
    return { thread, last, frees, sure: sites.every(isAmongMappings) };
  }

  /** Returns the latest one or two call sites, latest first, that may be glibc's; none if the calls show no exit. */
  #exitSites({ sites }: CleanUp): readonly number[] {
    for (const most of [2, 1]) {
      const latest = sites.slice(0, most);
      if (this.#mayBeExit(latest)) {
        return latest;
      }
    }
    return [];
  }

  /**
   * Returns the thread whose exit is logged under a new tid with these first calls; null if it is no such tid. A hook that keeps the
   * tid in thread-specific data has lost it when the thread makes its last frees, and logs them with a tid not seen
   * before; the thread's lines until then have the tid of an earlier thread on the same stack. So if the first calls of a
   * tid look like an exit, they are of the thread that called just before, unless that calls again.
   */
  #underNewTid({ predecessor, nulls, sites }: FirstCalls, frees: number): number | null {
    if (nulls < frees || !this.#mayBeExit(sites.slice(0, frees))) {
      return null;
    }
    return this.#silentSince(predecessor);
  }

  /** Returns the thread if that call is still its last one; null if it is not, or for the main thread. */
  #silentSince(call: LastCall | null): number | null {
    if (call === null || call.thread === 0) {
      return null;
    }
    return this.#threads.lastOf(call.thread) === call.last ? call.thread : null;
  }

  /** False if one of the call sites has freed a block, or NULL more often than there are threads. */
  #mayBeExit(sites: readonly number[]): boolean {
    if (sites.includes(0)) {
      return true;
    }
    return sites.every((site) => {
      const times = this.#nulls.get(site) ?? Number.POSITIVE_INFINITY;
      const isRare = times <= this.#threads.length + this.#exits || this.#recycled.hasSite(site);
      return isRare && !this.#freeing.has(site);
    });
  }

  #enter(thread: number, tid: number): void {
    const last = this.#threads.lastOf(this.#lastThread);
    this.#threads.add(thread, tid, last < 0 ? null : { thread: this.#lastThread, last });
    if (this.#unsure.delete(thread)) {
      this.#revived++;
    }
  }
}

/** Returns the first event of `tid` in the batch; −1 if there is none. */
function nextCall(batch: EventBatch | null, tid: number): number {
  return batch?.tid.subarray(0, batch.length).indexOf(tid) ?? -1;
}

/** The exit of a thread whose last calls are known to be those of the C library's clean-up. */
function exitAt(thread: number, { nulls, last }: CleanUp): LikelyExit {
  return { thread, last, frees: nulls, sure: true };
}

/** Rewrites the actions of what a thread frees after its exit, in the batch whose first event has number `from`. */
function markLate({ late }: CleanUp, actions: ActionBatch, from: number): void {
  for (const event of late) {
    if (event >= from && actions.action[event - from] === Action.free) {
      actions.action[event - from] = Action.freeAfterExit;
    }
  }
}

function inOrder(exits: readonly LikelyExit[]): LikelyExit[] {
  return [...exits].sort((a, b) => a.last - b.last);
}
