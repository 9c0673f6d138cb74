import type { LedgerCore } from "./ledger-core.ts";

/** Lifetimes of a caller's blocks: item b counts those from 2^b events on, below 2^(b+1). */
export const LIFETIMES = 32;

/** How long blocks lived that were freed or resized, for each caller. */
export class CallerLifetimes {
  readonly #core: LedgerCore;

  constructor(core: LedgerCore) {
    this.#core = core;
  }

  /** Of a caller; empty if it is not known. */
  of(caller: number): number[] {
    const { calls, u32 } = this.#core.attached;
    const index = calls.indexOfCaller(caller);
    if (index < 0) {
      return [];
    }
    const at = (calls.lifetimesAt(index) >>> 0) / 4;
    return Array.from(u32.subarray(at, at + LIFETIMES));
  }
}
