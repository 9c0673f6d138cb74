import { Action, type ActionBatch } from "../actions.ts";
import { isAmongMappings } from "../address-space.ts";
import { type EventBatch, Op } from "../event.ts";
import { type CleanUp, TrailingFrees } from "./trailing-frees.ts";

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

/** What is kept of a thread that has not exited. */
interface Calls {
  readonly tid: number;
  count: number;
  /** number of the event of the last one */
  last: number;
  /** free(NULL) calls in a row at the beginning */
  firstNulls: number;
  /** callers of the first two, if these are free(NULL); 0 where lines have no caller */
  firstSites: readonly [number, number];
  readonly trailing: TrailingFrees;
  /** the thread that called just before this one's first call, and the event of that call; null: none */
  readonly predecessor: { readonly thread: number; readonly last: number } | null;
}

/** Shared by all threads whose first call is another. */
const NO_SITES: readonly [number, number] = [0, 0];

/** Call sites kept. A program has fewer; a log with more has callers that are no call sites. */
const MAX_SITES = 65_536;

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
  /** by dense thread index; a thread that has exited has none */
  readonly #threads: (Calls | undefined)[] = [];
  /** thread of the last event; −1 before the first */
  #lastThread = -1;
  /** callers that have freed a block */
  readonly #freeing = new Set<number>();
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
    let latest = -1;
    for (let i = 0; i < batch.length; i++) {
      const op = batch.op[i]!;
      // Lines that are not calls of the allocator.
      if (op === Op.mark || op === Op.threadExit) {
        continue;
      }
      const thread = actions.thread[i]!;
      const calls = this.#threads[thread] ?? this.#enter(thread, batch.tid[i]!);
      const event = first + i;
      const caller = batch.caller[i]!;
      if (op !== Op.free) {
        calls.trailing.clear();
      } else if (batch.pointerIn[i] === 0) {
        this.#readNull(calls, event, caller);
      } else {
        calls.trailing.addBlock(event, actions.oldSize[i]!, caller);
        if (this.#freeing.size < MAX_SITES) {
          this.#freeing.add(caller);
        }
      }
      calls.count++;
      calls.last = event;
      this.#lastThread = thread;
      if (thread !== latest) {
        this.#calling.add(thread);
        latest = thread;
      }
    }
    return this.#exitsWithin(actions, first, first + batch.length, next);
  }

  /** The threads that seem to have exited with `frees` (1 or 2) calls of free(NULL), in order of their last calls. */
  likelyExits(frees: number): LikelyExit[] {
    const found = new Map<number, LikelyExit>();
    this.#threads.forEach((calls, thread) => {
      const exit = calls === undefined ? null : this.#exitOf(thread, calls.trailing.cleanUp());
      if (exit !== null && exit.frees >= frees) {
        found.set(thread, exit);
      }
    });
    for (const calls of this.#threads) {
      const thread = calls === undefined ? null : this.#underNewTid(calls, frees);
      if (thread !== null && !found.has(thread)) {
        const { last } = this.#threads[thread]!;
        found.set(thread, { thread, last, frees: 0, sure: false });
      }
    }
    return inOrder([...found.values()]);
  }

  /** All threads but the main one, in order of their last calls: where no free(NULL) is logged, any may have exited. */
  all(): LikelyExit[] {
    const all = this.#threads.flatMap((calls, thread) =>
      calls === undefined || thread === 0
        ? []
        : [{ thread, last: calls.last, frees: 0, sure: false }],
    );
    return inOrder(all);
  }

  #readNull(calls: Calls, event: number, caller: number): void {
    if (calls.firstNulls === calls.count) {
      if (calls.firstNulls === 0) {
        calls.firstSites = [caller, 0];
      } else if (calls.firstNulls === 1) {
        calls.firstSites = [calls.firstSites[0], caller];
      }
      calls.firstNulls++;
    }
    calls.trailing.addNull(event, caller);
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
    for (const thread of this.#calling) {
      const calls = this.#threads[thread];
      const cleanUp = calls?.trailing.cleanUp() ?? null;
      const exit = this.#exitOf(thread, cleanUp);
      if (calls === undefined || cleanUp === null || exit === null) {
        continue;
      }
      if (next?.tid.subarray(0, next.length).includes(calls.tid)) {
        continue;
      }
      const silentEvents = end + (next?.length ?? 0) - exit.last;
      if (!exit.sure && !this.#isSuggestedBySilence(exit, silentEvents)) {
        continue;
      }
      for (const event of cleanUp.late) {
        if (event >= from && actions.action[event - from] === Action.free) {
          actions.action[event - from] = Action.freeAfterExit;
        }
      }
      this.#forget(thread, exit);
      const other = this.#underNewTid(calls, exit.frees);
      if (other !== null) {
        this.#threads[other] = undefined;
        found.push({ ...exit, thread: other, sure: false });
      }
      // A tid that has made no other call has no thread of its own.
      if (other === null || calls.firstNulls < calls.count) {
        found.push(exit);
      }
    }
    return inOrder(found);
  }

  #forget(thread: number, { sure }: LikelyExit): void {
    this.#threads[thread] = undefined;
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
    const isSecondOfProgram = !this.#mayBeExit(cleanUp.sites.slice(0, 2));
    const sites = cleanUp.sites.slice(0, isSecondOfProgram ? 1 : 2);
    if (isSecondOfProgram && !this.#mayBeExit(sites)) {
      return null;
    }
    const frees = isSecondOfProgram ? 1 : nulls;
    // Sure if the sites are in a library. Cut addresses and missing ones (0) leave it open.
    return { thread, last, frees, sure: sites.every(isAmongMappings) };
  }

  /**
   * Returns the thread whose exit is logged under the new tid of `calls`; null if it is no such tid. A hook that keeps the
   * tid in thread-specific data has lost it when the thread makes its last frees, and logs them with a tid not seen
   * before; the thread's lines until then have the tid of an earlier thread on the same stack. So if the first calls of a
   * tid look like an exit, they are of the thread that called just before, unless that calls again.
   */
  #underNewTid({ predecessor, firstNulls, firstSites }: Calls, frees: number): number | null {
    if (predecessor === null || predecessor.thread === 0) {
      return null;
    }
    if (firstNulls < frees || !this.#mayBeExit(firstSites.slice(0, frees))) {
      return null;
    }
    const last = this.#threads[predecessor.thread]?.last;
    return last === predecessor.last ? predecessor.thread : null;
  }

  /** False if one of the call sites has freed a block, or NULL more often than there are threads. */
  #mayBeExit(sites: readonly number[]): boolean {
    if (sites.includes(0)) {
      return true;
    }
    return sites.every((site) => {
      const times = this.#nulls.get(site) ?? Number.POSITIVE_INFINITY;
      return times <= this.#threads.length + this.#exits && !this.#freeing.has(site);
    });
  }

  #enter(thread: number, tid: number): Calls {
    const before = this.#threads[this.#lastThread];
    const calls: Calls = {
      tid,
      count: 0,
      last: -1,
      firstNulls: 0,
      firstSites: NO_SITES,
      trailing: new TrailingFrees(),
      predecessor: before === undefined ? null : { thread: this.#lastThread, last: before.last },
    };
    this.#threads[thread] = calls;
    if (this.#unsure.delete(thread)) {
      this.#revived++;
    }
    return calls;
  }
}

function inOrder(exits: readonly LikelyExit[]): LikelyExit[] {
  return [...exits].sort((a, b) => a.last - b.last);
}
