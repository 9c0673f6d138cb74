import type { ActionBatch } from "../actions.ts";
import { isAmongMappings } from "../address-space.ts";
import { type EventBatch, Op } from "../event.ts";

/** A thread whose last calls look like those of a thread that ends. */
export interface LikelyExit {
  /** dense index */
  readonly thread: number;
  /** number (0-based) of its last event */
  readonly last: number;
  /** false: a thread that lives on may happen to look so, too */
  readonly sure: boolean;
}

/** What is remembered of a thread's calls. */
interface Calls {
  count: number;
  /** number of the last one's event */
  last: number;
  /** how many of the first, and of the last, are free(NULL) */
  firstNulls: number;
  lastNulls: number;
  /** callers of the first two, where these are free(NULL); 0 where lines have none */
  readonly firstSites: [number, number];
  /** the last callers that freed NULL, each unlike the one before, latest first; 0 where lines have none */
  readonly sites: [number, number, number];
  /** the thread that called before this one's first call, and the event it did so with; null: none did */
  readonly predecessor: { readonly thread: number; readonly last: number } | null;
}

/** Call sites remembered; a program has fewer, and where a log has more its callers tell nothing. */
const MOST_SITES = 65_536;

/** sizeof(dtv_t) in bytes, and the slots that a vector has beside those of the modules loaded when it was made. */
const DTV_SLOT = 16;
const DTV_SURPLUS = 14;

/**
 * How threads take their leave. glibc gives an ending thread's own buffers back, and these calls are logged as any
 * others are: one free(NULL), since 2.32 two (of the buffers of strerror and strsignal, which hardly any thread ever
 * has), after the last destructors of the program and just before the thread's cache is emptied (ptmalloc2.md §6.4). So
 * a thread whose last call is another has not ended. One whose last calls are these has, or happened to free NULL last.
 * Where lines carry their callers, that can be told: these are places in the C library, and so none of the program
 * itself, that do nothing else, and once for each thread.
 */
export class LastCalls {
  /** by dense thread index */
  readonly #threads: Calls[] = [];
  /** the thread of the last event; −1 before the first */
  #caller = -1;
  /** callers that have freed a block */
  readonly #freeing = new Set<number>();
  /** how often each caller has freed NULL */
  readonly #nulls = new Map<number, number>();

  /** Some line is a free(NULL): the hook does not leave them out. */
  get showsNull(): boolean {
    return this.#nulls.size > 0;
  }

  /** Reads a resolved batch whose first event has number `first`. */
  read(batch: EventBatch, actions: ActionBatch, first: number): void {
    for (let i = 0; i < batch.length; i++) {
      const op = batch.op[i]!;
      const thread = actions.thread[i]!;
      const calls = this.#threads[thread] ?? this.#enter(thread);
      // Words of the program's or the hook's own.
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
        remember(calls.sites, caller);
        if (this.#nulls.size < MOST_SITES) {
          this.#nulls.set(caller, (this.#nulls.get(caller) ?? 0) + 1);
        }
      } else {
        const slots = op === Op.free ? dtvSlots(actions.oldSize[i]!) : 0;
        calls.lastNulls = slots > 0 ? Math.max(0, calls.lastNulls - slots) : 0;
        if (calls.lastNulls > 0) {
          forgetLatest(calls.sites);
        }
        if (op === Op.free && this.#freeing.size < MOST_SITES) {
          this.#freeing.add(caller);
        }
      }
      calls.count++;
      calls.last = first + i;
      this.#caller = thread;
    }
  }

  /** The threads that took their leave with as many free(NULL) as `frees`, 1 or 2, in order of their last calls. */
  likelyExits(frees: number): LikelyExit[] {
    const found = new Map<number, LikelyExit>();
    this.#threads.forEach((calls, thread) => {
      // The main thread outlives all others.
      if (thread === 0 || calls.lastNulls < frees) {
        return;
      }
      const sites = calls.sites.slice(0, frees);
      if (!this.#mayBeOfExit(sites)) {
        return;
      }
      // Of a library's code; cut addresses, and missing ones, which are 0, do not tell.
      found.set(thread, { thread, last: calls.last, sure: sites.every(isAmongMappings) });
    });
    for (const thread of this.#underOtherNames(frees)) {
      if (found.has(thread)) {
        continue;
      }
      found.set(thread, { thread, last: this.#threads[thread]!.last, sure: false });
    }
    return inOrder([...found.values()]);
  }

  /** All threads but the main one, in order of their last calls, for any of them may have ended after these. */
  all(): LikelyExit[] {
    const all = this.#threads.map(({ last }, thread) => ({ thread, last, sure: false }));
    return inOrder(all.slice(1));
  }

  /**
   * A hook that keeps tids in thread-specific data has lost a thread's when the thread makes its last frees, and writes
   * them under a tid not seen before; until then it wrote that of an earlier thread on the same stack. So where a tid
   * begins with a farewell, that was of the thread that had called just before, if it never calls again.
   */
  #underOtherNames(frees: number): number[] {
    return this.#threads.flatMap(({ firstNulls, firstSites, predecessor }) => {
      if (predecessor === null || predecessor.thread === 0 || firstNulls < frees) {
        return [];
      }
      if (!this.#mayBeOfExit(firstSites.slice(0, frees))) {
        return [];
      }
      return this.#threads[predecessor.thread]!.last === predecessor.last ? predecessor.thread : [];
    });
  }

  /** True unless one of the call sites has freed a block, or NULL more often than there were threads. */
  #mayBeOfExit(sites: readonly number[]): boolean {
    if (sites.includes(0)) {
      return true;
    }
    return sites.every((site) => {
      const times = this.#nulls.get(site) ?? Number.POSITIVE_INFINITY;
      return times <= this.#threads.length && !this.#freeing.has(site);
    });
  }

  #enter(thread: number): Calls {
    const caller = this.#threads[this.#caller];
    const calls: Calls = {
      count: 0,
      last: -1,
      firstNulls: 0,
      lastNulls: 0,
      firstSites: [0, 0],
      sites: [0, 0, 0],
      predecessor: caller === undefined ? null : { thread: this.#caller, last: caller.last },
    };
    this.#threads[thread] = calls;
    return calls;
  }
}

function remember(sites: Calls["sites"], site: number): void {
  if (site === sites[0]) {
    return;
  }
  sites[2] = sites[1];
  sites[1] = sites[0];
  sites[0] = site;
}

function forgetLatest(sites: Calls["sites"]): void {
  sites[0] = sites[1];
  sites[1] = sites[2];
}

/**
 * Slots of the thread vector that a block of so many bytes would hold (16 bytes each, and two at its head), 14 or more;
 * 0 if it can be none. A stack that is not kept for the next thread is given back with its vector (_dl_deallocate_tls):
 * the slots' blocks first, of which a program that loads no libraries has none, then the vector. A detached thread does
 * that last of all, with its own stack or an older one.
 */
function dtvSlots(bytes: number): number {
  const slots = bytes / DTV_SLOT - 2;
  return Number.isInteger(slots) && slots >= DTV_SURPLUS ? slots : 0;
}

function inOrder(likelyExits: readonly LikelyExit[]): LikelyExit[] {
  return [...likelyExits].sort((a, b) => a.last - b.last);
}
