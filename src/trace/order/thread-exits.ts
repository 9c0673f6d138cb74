import { Action, type ActionBatch } from "../actions.ts";
import { type EventBatch, Op } from "../event.ts";
import { isAmongMappings } from "../signs/address-space.ts";
import { Lines } from "./lines.ts";
import { DTV_SURPLUS, dtvSlots } from "./thread-vector.ts";

/** A thread's free(NULL) this close to its thread_exit() line is its own, whatever other threads log in between. */
const NEAR_LINES = 60;

/** Lines searched per batch for a call that is nearer than one far below. Few exits have one far below. */
const MAX_SEARCHED = 2 ** 16;

/** Call sites kept of one clean-up, which has two of its own and those of the program's last destructors. */
const MAX_SITES = 64;

/** Frees of the clean-up before that of dlerror's record: two of NULL, and one of the message. */
const MAX_BEFORE_RECORD = 3;

/** Events after which a thread that has exited frees nothing more: several batches. */
const FORGOTTEN_AFTER = 2 ** 16;

/** A thread exit where it takes effect. */
export interface PlacedExit {
  /** dense index */
  readonly thread: number;
  /** number (0-based) of the event after which it takes effect */
  readonly last: number;
}

/** A thread from its thread_exit() line on. */
interface Exiting {
  /** its cache is empty and its arena given up; false while calls of the C library's clean-up follow */
  hasExited: boolean;
  /** frees since the line, free(NULL) included */
  frees: number;
  /** different callers of these frees until the exit takes effect; 0 where lines have none */
  readonly sites: number[];
  /** caller of the latest of these frees; −1 before the first */
  site: number;
  /** frees in a row by it */
  run: number;
  /** number of the event of its latest line */
  last: number;
}

/**
 * Places the logged thread exits. glibc empties a thread's cache after its last destructors, and some of these log a
 * free(NULL) after the thread_exit() line, or free dlerror's message; so an exit moves to the last such line. Afterwards
 * ld.so may free thread vectors under the same tid. Any other call of the tid is by a new thread with a reused tid
 * (ptmalloc2.md §6.4, §11.4).
 */
export class ThreadExits {
  /** the log has thread_exit() lines */
  areLogged = false;
  /** by tid */
  readonly #exiting = new Map<number, Exiting>();
  /** lines searched so far in the current batch */
  #searched = 0;

  /**
   * Returns the thread exits that take effect in the batch, and rewrites the actions of what threads free afterwards;
   * `next` is the batch that follows, null at the log's end. The batch's first event has number `first`.
   */
  place(
    batch: EventBatch,
    actions: ActionBatch,
    first: number,
    next: EventBatch | null,
  ): PlacedExit[] {
    const placed: PlacedExit[] = [];
    this.#searched = 0;
    for (let i = 0; i < batch.length; i++) {
      const tid = batch.tid[i]!;
      if (batch.op[i] === Op.threadExit) {
        this.areLogged = true;
        const none = { frees: 0, sites: [], site: -1, run: 0 };
        const exiting = { hasExited: false, ...none, last: first + i };
        this.#exiting.set(tid, exiting);
        exiting.hasExited = !this.#cleansUpNext(exiting, batch, i, next);
        if (exiting.hasExited) {
          placed.push({ thread: actions.thread[i]!, last: first + i });
        }
      } else if (this.#exiting.size > 0) {
        const exiting = this.#exiting.get(tid);
        if (exiting !== undefined) {
          exiting.last = first + i;
          if (this.#endsWith(exiting, batch, actions, i, next)) {
            placed.push({ thread: actions.thread[i]!, last: exiting.last });
          }
        }
      }
    }
    this.#forgetOld(first);
    return placed;
  }

  /** Reads line i of a thread that exits. Returns true if the exit takes effect after it. */
  #endsWith(
    exiting: Exiting,
    batch: EventBatch,
    actions: ActionBatch,
    i: number,
    next: EventBatch | null,
  ): boolean {
    const isFree = batch.op[i] === Op.free;
    if (exiting.hasExited) {
      if (!isFree || !isOfThreadVector(exiting, batch, actions, i, next)) {
        this.#exiting.delete(batch.tid[i]!);
        return false;
      }
      if (actions.action[i] === Action.free) {
        actions.action[i] = Action.freeAfterExit;
      }
    }
    exiting.frees++;
    const caller = batch.caller[i]!;
    exiting.run = caller === exiting.site ? exiting.run + 1 : 1;
    exiting.site = caller;
    if (exiting.hasExited) {
      return false;
    }
    if (exiting.sites.length < MAX_SITES && !exiting.sites.includes(caller)) {
      exiting.sites.push(caller);
    }
    if (this.#cleansUpNext(exiting, batch, i, next)) {
      return false;
    }
    exiting.hasExited = true;
    return true;
  }

  #forgetOld(first: number): void {
    for (const [tid, { hasExited, last }] of this.#exiting) {
      if (hasExited && last + FORGOTTEN_AFTER < first) {
        this.#exiting.delete(tid);
      }
    }
  }

  /** True if the next line of event i's tid is a free of the C library's clean-up after the same thread. */
  #cleansUpNext(exiting: Exiting, batch: EventBatch, i: number, next: EventBatch | null): boolean {
    const lines = new Lines(batch, next);
    const following = lines.nextOf(batch.tid[i]!, i);
    if (following < 0 || lines.get("op", following) !== Op.free) {
      return false;
    }
    const { sites } = exiting;
    const site = lines.get("caller", following);
    const isNear = following - i < NEAR_LINES;
    if (!lines.isNull(following)) {
      return isNear && !sites.includes(site) && mayFreeMessage(exiting, site);
    }
    if (isNear) {
      return true;
    }
    // Each call site of the clean-up runs once for each thread.
    return site !== 0 && !sites.includes(site) && !this.#hasNearer(lines, i, following, site);
  }

  /**
   * True if a free(NULL) at call site `site` nearer than line `found` may be that of the thread that exits at line i. A
   * hook that keeps the tid in thread-specific data has lost it by then, and logs the call under the tid of a thread that
   * has not exited.
   */
  #hasNearer(lines: Lines, i: number, found: number, site: number): boolean {
    const exited = new Set<number>();
    for (let k = i + 1; k < found; k++) {
      if (++this.#searched > MAX_SEARCHED) {
        return true;
      }
      const tid = lines.get("tid", k);
      if (lines.get("op", k) === Op.threadExit) {
        exited.add(tid);
      } else if (lines.isNull(k) && lines.get("caller", k) === site && !exited.has(tid)) {
        if (this.#exiting.get(tid)?.hasExited !== false) {
          return true;
        }
      }
    }
    return false;
  }
}

/**
 * True if the thread may now free dlerror's message, or the record that holds it, at this call site: after the one or two
 * free(NULL) of the clean-up (ptmalloc2.md §6.4). Before a thread vector there are more.
 */
function mayFreeMessage({ frees }: Exiting, site: number): boolean {
  return frees > 0 && frees <= MAX_BEFORE_RECORD && isAmongMappings(site);
}

/** True if free i of a thread that has exited is one of ld.so's: of a thread vector, or of a slot's block. */
function isOfThreadVector(
  { frees, run, site: latest }: Exiting,
  batch: EventBatch,
  { oldSize }: ActionBatch,
  i: number,
  next: EventBatch | null,
): boolean {
  if (batch.pointerIn[i] === 0) {
    return true;
  }
  const slots = dtvSlots(oldSize[i]!);
  if (slots > 0 && frees >= slots) {
    return true;
  }
  // The blocks of all slots are freed at one call site, and the vector, which shows their number, at another.
  const lines = new Lines(batch, next);
  const [tid, site] = [batch.tid[i]!, batch.caller[i]!];
  let freed = site === latest ? run : 0;
  let k = i;
  while (k >= 0 && lines.get("op", k) === Op.free && lines.get("caller", k) === site) {
    freed++;
    k = lines.nextOf(tid, k);
  }
  if (k < 0 || site === 0 || lines.get("op", k) !== Op.free) {
    return false;
  }
  return k < batch.length ? dtvSlots(oldSize[k]!) === freed : freed >= DTV_SURPLUS;
}
