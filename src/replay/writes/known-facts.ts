import { Action } from "../../trace/actions.ts";
import type { TouchFact } from "./touch-facts.ts";

/** What is to be done at a request of one size. */
interface AtSize {
  readonly facts: KnownFact[];
  /** callers that this request helps to recognise */
  readonly callers: KnownCallers[];
}

interface KnownFact {
  readonly fact: TouchFact;
  readonly action: number;
  /** null: any caller */
  readonly callers: KnownCallers | null;
}

/** The facts, indexed for one lookup per request. */
export class KnownFacts {
  readonly #bySize = new Map<number, AtSize>();
  readonly #powersOfTwo: { readonly known: KnownFact; readonly from: number }[] = [];
  readonly #callers: KnownCallers[] = [];
  readonly #recent = new RecentRequests();
  /** smallest request of all facts, and of the requests that identify a caller */
  readonly #least: number;

  constructor(facts: readonly TouchFact[]) {
    for (const fact of facts) {
      const { requests, call } = fact;
      const callers = this.#callersOf(fact.callerAskedFor);
      const known = { fact, action: call === "malloc" ? Action.malloc : Action.calloc, callers };
      if ("powersOfTwoFrom" in requests) {
        this.#powersOfTwo.push({ known, from: requests.powersOfTwoFrom });
      } else {
        for (const size of requests) {
          this.#at(size).facts.push(known);
        }
      }
    }
    this.#least = Math.min(...this.#bySize.keys(), ...this.#powersOfTwo.map(({ from }) => from));
  }

  copy(from: KnownFacts): void {
    this.#callers.forEach((known, n) => {
      known.copy(from.#callers[n]!);
    });
    this.#recent.copy(from.#recent);
  }

  /** Returns the fact that covers the block of a request, and notes the request; null if none does. */
  of(action: number, size: number, caller: number, tid: number): TouchFact | null {
    if (action === Action.realloc) {
      return null;
    }
    const found = size < this.#least ? null : this.#find(action, size, caller, tid);
    this.#recent.note(tid, size);
    return found;
  }

  #find(action: number, size: number, caller: number, tid: number): TouchFact | null {
    const at = this.#bySize.get(size);
    if (at !== undefined) {
      if (action === Action.malloc) {
        for (const known of at.callers) {
          known.note(caller, size);
        }
      }
      for (const known of at.facts) {
        if (this.#holds(known, action, caller, tid)) {
          return known.fact;
        }
      }
    }
    for (const { known, from } of this.#powersOfTwo) {
      if (size >= from && this.#holds(known, action, caller, tid) && isPowerOfTwo(size)) {
        return known.fact;
      }
    }
    return null;
  }

  #holds(
    { fact, action, callers }: KnownFact,
    asked: number,
    caller: number,
    tid: number,
  ): boolean {
    return (
      asked === action &&
      (callers === null || callers.has(caller, fact.callersApart)) &&
      this.#recent.endWithOneOf(tid, fact.after)
    );
  }

  #at(size: number): AtSize {
    const at = this.#bySize.get(size) ?? { facts: [], callers: [] };
    this.#bySize.set(size, at);
    return at;
  }

  #callersOf(sizes: readonly number[]): KnownCallers | null {
    if (sizes.length === 0) {
      return null;
    }
    const known = new KnownCallers(sizes);
    this.#callers.push(known);
    for (const size of sizes) {
      this.#at(size).callers.push(known);
    }
    return known;
  }
}

function isPowerOfTwo(size: number): boolean {
  return Number.isInteger(Math.log2(size));
}

/** callers watched at most: programs have few that request these exact sizes */
const MAX_CALLERS = 64;

/** The callers that have requested every one of some sizes. */
class KnownCallers {
  readonly #sizes: readonly number[];
  readonly #callers = new Float64Array(MAX_CALLERS);
  /** bit i: has requested the i-th size */
  readonly #asked = new Uint8Array(MAX_CALLERS);
  #count = 0;

  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  copy(from: KnownCallers): void {
    this.#callers.set(from.#callers);
    this.#asked.set(from.#asked);
    this.#count = from.#count;
  }

  note(caller: number, size: number): void {
    let at = this.#indexOf(caller);
    if (at < 0) {
      if (this.#count === MAX_CALLERS) {
        return;
      }
      at = this.#count++;
      this.#callers[at] = caller;
    }
    this.#asked[at]! |= 1 << this.#sizes.indexOf(size);
  }

  /** True for a caller at most `apart` bytes of code away from one of them. */
  has(caller: number, apart: number): boolean {
    const all = 2 ** this.#sizes.length - 1;
    for (let at = 0; at < this.#count; at++) {
      if (this.#asked[at] === all && Math.abs(this.#callers[at]! - caller) <= apart) {
        return true;
      }
    }
    return false;
  }

  #indexOf(caller: number): number {
    for (let at = 0; at < this.#count; at++) {
      if (this.#callers[at] === caller) {
        return at;
      }
    }
    return -1;
  }
}

/** requests remembered, of all threads: more than one fact needs, since other threads request memory in between */
const REMEMBERED = 32;

/** The last requests, and who made them. */
class RecentRequests {
  readonly #tids = new Float64Array(REMEMBERED).fill(Number.NaN);
  readonly #sizes = new Float64Array(REMEMBERED);
  #next = 0;

  copy(from: RecentRequests): void {
    this.#tids.set(from.#tids);
    this.#sizes.set(from.#sizes);
    this.#next = from.#next;
  }

  note(tid: number, size: number): void {
    this.#tids[this.#next] = tid;
    this.#sizes[this.#next] = size;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  /** True if the last requests of thread `tid` are one of `lists`, or if there are none. */
  endWithOneOf(tid: number, lists: TouchFact["after"]): boolean {
    for (const sizes of lists) {
      if (this.#endWith(tid, sizes)) {
        return true;
      }
    }
    return lists.length === 0;
  }

  /** True if the last requests of thread `tid` are `sizes`, the oldest first. */
  #endWith(tid: number, sizes: readonly number[]): boolean {
    let left = sizes.length;
    for (let back = 1; left > 0 && back <= REMEMBERED; back++) {
      const at = (this.#next - back + REMEMBERED) % REMEMBERED;
      if (this.#tids[at] !== tid) {
        continue;
      }
      if (this.#sizes[at] !== sizes[left - 1]) {
        return false;
      }
      left--;
    }
    return left === 0;
  }
}
