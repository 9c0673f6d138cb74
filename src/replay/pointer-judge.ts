import { ADDR, GRANULE, MAPPED, PAGE, STATE } from "../ptmalloc/chunks.ts";
import { HEAP_MAX, type Heap } from "../ptmalloc/heap.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";

const CUT = 2 ** 32;

export interface FirstDivergence {
  /** 1-based number of the event */
  readonly event: number;
  readonly line: number;
  readonly expected: string;
  readonly modelled: string;
}

/**
 * Holds the run as recorded against the log's own pointers. Where the kernel put a heap is not in a model, so the
 * first block in a heap tells where it lies; from then on every block in it must be at its exact offset. Nothing is
 * moved to fit: a heap whose first block lies where no heap can begin stays unknown, and its blocks count as unequal.
 */
export class PointerJudge {
  /** calls that returned a pointer */
  compared = 0;
  /** of these, those the model served at the same place */
  equal = 0;
  firstDivergence: FirstDivergence | null = null;

  /** where heaps begin, by heap id; the serial tells whether the id is still the same heap's */
  readonly #bases: { serial: number; base: number }[] = [];
  /** the heap that begins at an address, to see that no two do */
  readonly #heapAt = new Map<number, Heap>();
  #full = false;

  /** `heapStart` is the initial program break, where the log states it; else NaN. */
  constructor(heapStart: number, breakHeap: Heap) {
    if (Number.isNaN(heapStart)) return;
    const base = Math.floor(heapStart / PAGE) * PAGE;
    this.#bases[breakHeap.id] = { serial: breakHeap.serial, base };
  }

  /** An address of 2^32 or more was seen in the log: its pointers are not cut to 32 bits. */
  seeWholePointers(): void {
    this.#full = true;
  }

  /** Compares chunk `c` (0: the model returned NULL) with the pointer that event number `event` (1-based) returned. */
  judge(m: Ptmalloc, c: number, pointer: number, event: number, line: number): void {
    this.compared++;
    if (c !== 0 && this.#same(m, c, pointer)) {
      this.equal++;
    } else if (this.firstDivergence === null) {
      this.firstDivergence = {
        event,
        line,
        expected: this.#describePointer(m, pointer),
        modelled: this.#describeChunk(m, c),
      };
    }
  }

  #same(m: Ptmalloc, c: number, pointer: number): boolean {
    const w = m.chunks.words;
    const offset = (w[c + ADDR]! + 1) * GRANULE;
    if (w[c + STATE] === MAPPED) {
      return (pointer - offset) % PAGE === 0 && this.#heapOf(m, pointer) === null;
    }
    const heap = m.heapOf(c);
    const base = this.#baseOf(heap) ?? this.#bind(heap, pointer - offset);
    return base !== null && this.#equal(pointer, base + offset);
  }

  #equal(pointer: number, address: number): boolean {
    if (pointer === address) return true;
    return !this.#full && (address - pointer) % CUT === 0;
  }

  #baseOf(heap: Heap): number | null {
    const known = this.#bases[heap.id];
    return known !== undefined && known.serial === heap.serial ? known.base : null;
  }

  #bind(heap: Heap, base: number): number | null {
    const alignment = heap.kind === "arena" ? HEAP_MAX : PAGE;
    if (base % alignment !== 0) return null;
    const there = this.#heapAt.get(base);
    if (there?.arena.heaps.includes(there)) return null;
    this.#heapAt.set(base, heap);
    this.#bases[heap.id] = { serial: heap.serial, base };
    return base;
  }

  /** The heap whose known place holds `pointer`; null if none does. */
  #heapOf(m: Ptmalloc, pointer: number): Heap | null {
    for (const av of m.arenas) {
      for (const heap of av.heaps) {
        const base = this.#baseOf(heap);
        if (base === null) continue;
        const span = heap.kind === "arena" ? HEAP_MAX : heap.size;
        const offset = this.#full ? pointer - base : (pointer - base + CUT) % CUT;
        if (offset >= 0 && offset < span) return heap;
      }
    }
    return null;
  }

  #describePointer(m: Ptmalloc, pointer: number): string {
    const heap = this.#heapOf(m, pointer);
    const base = heap === null ? null : this.#baseOf(heap);
    if (heap !== null && base !== null) return place(heap, (pointer - base + CUT) % CUT);
    if (pointer % PAGE === GRANULE) return `0x${pointer.toString(16)}, mapped or unknown heap`;
    return `0x${pointer.toString(16)}, unknown heap`;
  }

  #describeChunk(m: Ptmalloc, c: number): string {
    if (c === 0) return "NULL";
    const offset = (m.chunks.words[c + ADDR]! + 1) * GRANULE;
    if (m.chunks.words[c + STATE] === MAPPED) {
      return `mapped, page offset 0x${(offset % PAGE).toString(16)}`;
    }
    return place(m.heapOf(c), offset);
  }
}

function place(heap: Heap, offset: number): string {
  const at = `0x${offset.toString(16)}`;
  if (heap.kind === "break") return `main heap + ${at}`;
  if (heap.kind === "fallback") return `main arena's mapped region + ${at}`;
  return `arena ${heap.arena.id}, heap ${heap.arena.heaps.indexOf(heap) + 1} + ${at}`;
}
