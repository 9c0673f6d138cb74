import { ADDR, GRANULE, MAPPED, STATE } from "../../ptmalloc/chunks.ts";
import type { Heap } from "../../ptmalloc/heap.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import type { Divergence } from "../../report/contract/report.ts";
import { AddressMap } from "./address-map.ts";
import { MappingStarts } from "./mapping-starts.ts";

/** Mismatches remembered at once: no more are explained per batch. */
const MAX_MISSED = 32;

/** An event whose pointer the model did not foresee. */
export interface Missed {
  /** its number, 1-based */
  readonly event: number;
  /** the pointer that the log would show for the model's chunk; NaN where unknown */
  readonly modelled: number;
}

/** Compares every block of the recorded run with the pointer in the log. */
export class PointerJudge {
  readonly addresses = new AddressMap();
  readonly mappings = new MappingStarts();
  /** the first mismatches since this was last emptied, in order */
  readonly missed: Missed[] = [];
  readonly state = {
    /** calls that returned a pointer */
    compared: 0,
    /** of these, calls that the model served at the same place */
    matched: 0,
    /** the first mismatch */
    firstDivergence: null as Divergence | null,
  };

  copy(from: PointerJudge): void {
    this.addresses.copy(from.addresses);
    this.mappings.copy(from.mappings);
    this.missed.splice(0, this.missed.length, ...from.missed);
    Object.assign(this.state, from.state);
  }

  get compared(): number {
    return this.state.compared;
  }

  get matched(): number {
    return this.state.matched;
  }

  /** pointers that the model did not foresee */
  get mismatches(): number {
    return this.state.compared - this.state.matched;
  }

  /** The core has compared so many pointers, all of which were right. */
  addMatched(count: number): void {
    this.state.compared += count;
    this.state.matched += count;
  }

  /**
   * Compares chunk `c` (0: the model returned NULL) with the pointer that event number `event` (1-based) returned.
   * Returns true if it lies there.
   */
  judge(m: Ptmalloc, c: number, pointer: number, event: number, line: number): boolean {
    this.state.compared++;
    if (c !== 0 && this.addresses.holds(m, c, pointer)) {
      this.state.matched++;
      return true;
    }
    this.addresses.noteMismatch(m, c, pointer);
    if (this.missed.length < MAX_MISSED) {
      this.missed.push({ event, modelled: this.addresses.addressOf(m, c) });
    }
    this.state.firstDivergence ??= {
      event,
      line,
      expected: this.#describePointer(m, pointer),
      modelled: describeChunk(m, c),
    };
    return false;
  }

  #describePointer(m: Ptmalloc, pointer: number): string {
    const { heap, offset } = this.addresses.placeOf(m, pointer, 0);
    if (heap >= 0) {
      return describePlace(m.heaps[heap]!, offset);
    }
    const unknown = pointer % m.pageBytes === GRANULE ? "mapped or unknown heap" : "unknown heap";
    return `0x${pointer.toString(16)}, ${unknown}`;
  }
}

function describeChunk(m: Ptmalloc, c: number): string {
  if (c === 0) {
    return "NULL";
  }
  const offset = (m.chunks.words[c + ADDR]! + 1) * GRANULE;
  if (m.chunks.words[c + STATE] === MAPPED) {
    return `mapped, page offset 0x${(offset % m.pageBytes).toString(16)}`;
  }
  return describePlace(m.heapOf(c), offset);
}

function describePlace(heap: Heap, offset: number): string {
  const at = `0x${offset.toString(16)}`;
  switch (heap.kind) {
    case "break":
      return `main heap + ${at}`;
    case "fallback":
      return `main arena's mapped region + ${at}`;
    case "arena":
      return `arena ${heap.arena.id}, heap ${heap.arena.heaps.indexOf(heap) + 1} + ${at}`;
  }
}
