import type { Arena } from "../../ptmalloc/arena.ts";
import { ADDR, GRANULE, SIZE } from "../../ptmalloc/chunks.ts";
import type { Heap } from "../../ptmalloc/heap.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import type { GuidedReplay } from "../../recorded/guided-replay.ts";
import type { BinnedChunk, ChunkState, Place } from "../../report/contract/inspection.ts";

/** Where things lie in the heaps of a run, and at which addresses as far as the log's pointers show. */
export class Places {
  readonly #model: Ptmalloc;
  readonly #guided: GuidedReplay;
  /** of each heap, by id, its number in its arena */
  readonly #numbers = new Map<number, number>();

  constructor(guided: GuidedReplay) {
    this.#guided = guided;
    this.#model = guided.model;
    for (const { heaps } of guided.model.arenas) {
      for (const [number, heap] of heaps.entries()) {
        this.#numbers.set(heap.id, number);
      }
    }
  }

  at(heap: Heap, offset: number): Place {
    return { heap: this.#numbers.get(heap.id) ?? 0, offset, address: this.address(heap, offset) };
  }

  address(heap: Heap, offset: number): string | null {
    return hexadecimal(this.#guided.judge.addresses.addressIn(heap, offset));
  }

  /** A chunk that is not mapped. */
  chunk(c: number): ChunkState {
    const w = this.#model.chunks.words;
    const place = this.at(this.#model.heapOf(c), w[c + ADDR]! * GRANULE);
    return { ...place, bytes: w[c + SIZE]! * GRANULE };
  }

  binned(c: number): BinnedChunk {
    return { arena: this.#model.heapOf(c).arena.id, ...this.chunk(c) };
  }

  /** Of the malloc_state: above heap_info in the arena's first heap. */
  arena({ main, heaps: [first] }: Arena): string | null {
    const { heapInfoBytes } = this.#model.profile;
    return main || first === undefined ? null : this.address(first, heapInfoBytes);
  }

  /** Of a mapped chunk, by the id of its mapping. */
  mapped(id: number, offset: number): string | null {
    const { mappings, addresses } = this.#guided.judge;
    const start = mappings.startOf(id);
    // A mapping at the end of the low 4 GiB may begin below 0 when its pointer is cut.
    const address = start + offset;
    return hexadecimal(addresses.state.whole ? address : (address + 2 ** 32) % 2 ** 32);
  }
}

function hexadecimal(address: number): string | null {
  return Number.isNaN(address) ? null : `0x${address.toString(16)}`;
}
