import type { ActionBatch } from "../actions.ts";
import { isAmongMappings } from "../address-space.ts";
import { type EventBatch, Op } from "../event.ts";

/** A thread whose last calls look like those of a thread that exits. */
export interface LikelyExit {
  /** dense index */
  readonly thread: number;
  /** number (0-based) of its last event, after which it exits */
  readonly last: number;
  /** false: the last calls of a thread that does not exit may look alike */
  readonly sure: boolean;
}

/** What is kept of a thread's calls. */
interface Calls {
  count: number;
  /** number of the event of the last one */
  last: number;
  /** free(NULL) calls in a row at the beginning, and at the end */
  firstNulls: number;
  lastNulls: number;
  /** callers of the first two, if these are free(NULL); 0 where lines have no caller */
  readonly firstSites: [number, number];
  /** callers of the last free(NULL) calls, latest first, consecutive equal ones once; 0 where lines have no caller */
  readonly sites: [number, number, number];
  /** the thread that called just before this one's first call, and the event of that call; null: none */
  readonly predecessor: { readonly thread: number; readonly last: number } | null;
}

/** Call sites kept. A program has fewer; a log with more has callers that are no call sites. */
const MAX_SITES = 65_536;

/** sizeof(dtv_t) in bytes, and the slots of a new vector beyond those of the loaded modules. */
const DTV_SLOT = 16;
const DTV_SURPLUS = 14;

/**
 * Finds threads that exit. glibc frees the buffers of an exiting thread, and a hook logs these calls like any others: one
 * free(NULL), since 2.32 two (the buffers of strerror and strsignal, which few threads ever use), after the program's
 * last destructors and just before the thread's cache is emptied (ptmalloc2.md §6.4). A thread with another last call
 * has not exited. A thread with these last calls has, or its last calls happen to be free(NULL). Callers decide between
 * the two: these call sites are in the C library, not in the program, free nothing else, and run once for each thread.
 */
export class LastCalls {
  /** by dense thread index */
  readonly #threads: Calls[] = [];
  /** thread of the last event; −1 before the first */
  #lastThread = -1;
  /** callers that have freed a block */
  readonly #freeing = new Set<number>();
  /** number of free(NULL) calls by caller */
  readonly #nulls = new Map<number, number>();

  /** True if some line is a free(NULL): the hook logs these calls. */
  get showsNull(): boolean {
    return this.#nulls.size > 0;
  }

  /** Reads a resolved batch whose first event has number `first`. */
  read(batch: EventBatch, actions: ActionBatch, first: number): void {
    for (let i = 0; i < batch.length; i++) {
      const op = batch.op[i]!;
      const thread = actions.thread[i]!;
      const calls = this.#threads[thread] ?? this.#enter(thread);
      // Lines that are not calls of the allocator.
      if (op === Op.mark || op === Op.threadExit) {
        continue;
      }
      const caller = batch.caller[i]!;
      if (op === Op.free && batch.pointerIn[i] === 0) {
        if (calls.firstNulls === calls.count) {
          if (calls.firstNulls < 2) {
            calls.firstSites[calls.firstNulls] = caller;
          }
          calls.firstNulls++;
        }
        calls.lastNulls++;
        addSite(calls.sites, caller);
        if (this.#nulls.size < MAX_SITES) {
          this.#nulls.set(caller, (this.#nulls.get(caller) ?? 0) + 1);
        }
      } else {
        const slots = op === Op.free ? dtvSlots(actions.oldSize[i]!) : 0;
        calls.lastNulls = slots > 0 ? Math.max(0, calls.lastNulls - slots) : 0;
        if (calls.lastNulls > 0) {
          dropLatest(calls.sites);
        }
        if (op === Op.free && this.#freeing.size < MAX_SITES) {
          this.#freeing.add(caller);
        }
      }
      calls.count++;
      calls.last = first + i;
      this.#lastThread = thread;
    }
  }

  /** The threads that seem to have exited with `frees` (1 or 2) calls of free(NULL), in order of their last calls. */
  likelyExits(frees: number): LikelyExit[] {
    const found = new Map<number, LikelyExit>();
    this.#threads.forEach((calls, thread) => {
      // The main thread outlives all others.
      if (thread === 0 || calls.lastNulls < frees) {
        return;
      }
      const sites = calls.sites.slice(0, frees);
      if (!this.#mayBeExit(sites)) {
        return;
      }
      // Sure if the sites are in a library. Cut addresses and missing ones (0) leave it open.
      found.set(thread, { thread, last: calls.last, sure: sites.every(isAmongMappings) });
    });
    for (const thread of this.#underNewTids(frees)) {
      if (found.has(thread)) {
        continue;
      }
      found.set(thread, { thread, last: this.#threads[thread]!.last, sure: false });
    }
    return inOrder([...found.values()]);
  }

  /** All threads but the main one, in order of their last calls: where no free(NULL) is logged, any may have exited. */
  all(): LikelyExit[] {
    const all = this.#threads.map(({ last }, thread) => ({ thread, last, sure: false }));
    return inOrder(all.slice(1));
  }

  /**
   * Threads whose exit is logged under a new tid. A hook that keeps the tid in thread-specific data has lost it when the
   * thread makes its last frees, and logs them with a tid not seen before; the thread's lines until then have the tid of
   * an earlier thread on the same stack. So if the first calls of a tid look like an exit, they are of the thread that
   * called just before, unless that calls again.
   */
  #underNewTids(frees: number): number[] {
    return this.#threads.flatMap(({ firstNulls, firstSites, predecessor }) => {
      if (predecessor === null || predecessor.thread === 0 || firstNulls < frees) {
        return [];
      }
      if (!this.#mayBeExit(firstSites.slice(0, frees))) {
        return [];
      }
      return this.#threads[predecessor.thread]!.last === predecessor.last ? predecessor.thread : [];
    });
  }

  /** False if one of the call sites has freed a block, or NULL more often than there are threads. */
  #mayBeExit(sites: readonly number[]): boolean {
    if (sites.includes(0)) {
      return true;
    }
    return sites.every((site) => {
      const times = this.#nulls.get(site) ?? Number.POSITIVE_INFINITY;
      return times <= this.#threads.length && !this.#freeing.has(site);
    });
  }

  #enter(thread: number): Calls {
    const before = this.#threads[this.#lastThread];
    const calls: Calls = {
      count: 0,
      last: -1,
      firstNulls: 0,
      lastNulls: 0,
      firstSites: [0, 0],
      sites: [0, 0, 0],
      predecessor: before === undefined ? null : { thread: this.#lastThread, last: before.last },
    };
    this.#threads[thread] = calls;
    return calls;
  }
}

function addSite(sites: Calls["sites"], site: number): void {
  if (site === sites[0]) {
    return;
  }
  sites[2] = sites[1];
  sites[1] = sites[0];
  sites[0] = site;
}

function dropLatest(sites: Calls["sites"]): void {
  sites[0] = sites[1];
  sites[1] = sites[2];
}

/**
 * Slots of the thread vector (DTV) that a block of `bytes` holds, 14 or more (16 bytes each, and two at its head); 0 if
 * the block cannot be a thread vector. A stack that is not cached for the next thread is freed with its vector
 * (_dl_deallocate_tls): first the block of each slot, NULL in a program that loads no libraries, then the vector. A
 * detached thread does this last of all, for its own stack or an older one.
 */
function dtvSlots(bytes: number): number {
  const slots = bytes / DTV_SLOT - 2;
  return Number.isInteger(slots) && slots >= DTV_SURPLUS ? slots : 0;
}

function inOrder(exits: readonly LikelyExit[]): LikelyExit[] {
  return [...exits].sort((a, b) => a.last - b.last);
}
