import { LedgerCore } from "./ledger-core.ts";
import { LIMITS } from "./site-limits.ts";

/** Pointer → dense block id, for every pointer that is live in the log (core/pointer-table.ts). */
export class PointerTable {
  readonly core: LedgerCore;

  /** `core`: the memory of the ledger whose table it is */
  constructor(core: LedgerCore = new LedgerCore(LIMITS)) {
    this.core = core;
  }

  /** pointers in the table */
  get size(): number {
    return this.core.calls.pointers();
  }

  /** The id of pointer `p` (≠ 0), or −1. */
  find(p: number): number {
    return this.core.calls.find(p);
  }

  /** Adds `p` (≠ 0) and returns its new id. If `p` is in the table already, changes nothing and returns ~id. */
  insert(p: number): number {
    return this.core.calls.insert(p);
  }

  /** Removes `p` and returns its id, which rests and is then reused; −1 if `p` is not in the table. */
  remove(p: number): number {
    return this.core.calls.remove(p);
  }

  /** Removes `p` and returns its id, which stays in use for `attach`; −1 if `p` is not in the table. */
  detach(p: number): number {
    return this.core.calls.detach(p);
  }

  /** Adds `p` with `id`, which `detach` returned. Returns the id that `p` had until now and that now rests, or −1. */
  attach(p: number, id: number): number {
    return this.core.calls.attach(p, id);
  }
}
