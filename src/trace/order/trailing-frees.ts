import { isAmongMappings } from "../signs/address-space.ts";
import { dtvSlots } from "./thread-vector.ts";

/** Frees kept; the oldest half is dropped beyond. A thread vector has fewer slots. */
const MAX_FREES = 512;

/** Stands for the size of a block where a free has none: free(NULL). */
const NULL = -1;

/** dlerror's message, or NULL, and the record that holds it. */
const MESSAGE_FREES = 2;

/** How a thread's frees end, if they end as those of an exiting thread do. */
export interface CleanUp {
  /** consecutive calls of free(NULL), at least 1 */
  readonly nulls: number;
  /** number of the event of the last of them */
  readonly last: number;
  /** callers of these calls, latest first, consecutive equal ones once */
  readonly sites: readonly number[];
  /** numbers of the events after these calls that free a block of a thread vector, or the vector */
  readonly late: readonly number[];
}

/** The frees of one thread, by column; `bytes` are the requested bytes of the freed block, or NULL. */
interface Frees {
  readonly events: number[];
  readonly bytes: number[];
  readonly callers: number[];
}

/** The frees that a thread has made since its latest other call, from the first free(NULL) on. */
export class TrailingFrees {
  /** null: none */
  #frees: Frees | null = null;

  /** the caller of the last free; null if that is of a block, or there is none */
  get lastNullSite(): number | null {
    const frees = this.#frees;
    return frees?.bytes.at(-1) === NULL ? frees.callers.at(-1)! : null;
  }

  addNull(event: number, caller: number): void {
    this.#frees ??= { events: [], bytes: [], callers: [] };
    add(this.#frees, event, NULL, caller);
  }

  /** Adds the free of a block of `bytes`, unless no free(NULL) came before. */
  addBlock(event: number, bytes: number, caller: number): void {
    if (this.#frees !== null) {
      add(this.#frees, event, bytes, caller);
    }
  }

  /**
   * Returns the calls with which glibc cleans up after an exiting thread (ptmalloc2.md §6.4), if these frees end with
   * them: some free(NULL), and then nothing but thread vectors, which a thread may free after it has exited. Null if the
   * frees end otherwise.
   */
  cleanUp(): CleanUp | null {
    if (this.#frees === null) {
      return null;
    }
    const { events, bytes, callers } = this.#frees;
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] !== NULL) {
      const slots = dtvSlots(bytes[end - 1]!);
      if (slots === 0 || slots >= end) {
        return null;
      }
      end -= slots + 1;
    }
    let from = end;
    while (from > 0 && bytes[from - 1] === NULL) {
      from--;
    }
    if (from === end) {
      return null;
    }
    return {
      nulls: end - from,
      last: events[end - 1]!,
      sites: sitesOf(callers.slice(from, end)),
      late: events.filter((_, n) => n >= end && bytes[n] !== NULL),
    };
  }

  /** Returns the clean-up whose calls of free(NULL) have these call sites, latest first; null if there is none. */
  cleanUpAt(sites: readonly number[]): CleanUp | null {
    if (this.#frees === null) {
      return null;
    }
    const { events, bytes, callers } = this.#frees;
    const isSite = (n: number): boolean =>
      sites.every((site, k) => bytes[n - k] === NULL && callers[n - k] === site);
    let n = events.length - 1;
    while (n >= sites.length - 1 && !isSite(n)) {
      n--;
    }
    if (n < sites.length - 1) {
      return null;
    }
    const end = endOfMessage(this.#frees, n);
    const vector = bytes.findLastIndex((freed) => dtvSlots(freed) > 0);
    const late = events.filter((_, k) => k > end && k <= vector && bytes[k] !== NULL);
    return { nulls: sites.length, last: events[end]!, sites, late };
  }
}

/**
 * Returns the last of the frees of dlerror's message and its record, which may follow free n directly (ptmalloc2.md §6.4);
 * n if none do. Each has a call site of its own, in the C library; the blocks of a thread vector share theirs.
 */
function endOfMessage({ bytes, callers }: Frees, n: number): number {
  const isOfMessage = (k: number): boolean =>
    dtvSlots(bytes[k]!) === 0 && isAmongMappings(callers[k]!) && callers[k] !== callers[k + 1];
  let end = n;
  while (end - n < MESSAGE_FREES && end + 1 < bytes.length && isOfMessage(end + 1)) {
    end++;
  }
  return end > n && bytes[end] !== NULL ? end : n;
}

function add(
  { events, bytes, callers }: Frees,
  event: number,
  freed: number,
  caller: number,
): void {
  if (events.length === MAX_FREES) {
    for (const column of [events, bytes, callers]) {
      column.splice(0, MAX_FREES / 2);
    }
  }
  events.push(event);
  bytes.push(freed);
  callers.push(caller);
}

function sitesOf(callers: readonly number[]): number[] {
  const latestFirst = [...callers].reverse();
  return latestFirst.filter((caller, n) => caller !== latestFirst[n - 1]);
}
