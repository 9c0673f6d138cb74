import { Arena } from "./arena.ts";
import { HEAP } from "./chunks.ts";
import { ARENA, HEAP_RECORD, MODEL } from "./core-layout.ts";
import { Heap } from "./heap.ts";
import { Mapping } from "./mapping.ts";
import { ProcessFigures } from "./process-figures.ts";

/** The arenas, heaps and mappings of a process, as objects that read the core's records. */
export abstract class ProcessRecords extends ProcessFigures {
  readonly #arenas: Arena[] = [];
  readonly #heaps: Heap[] = [];
  /** serial numbers of heaps so far, when `#heaps` was filled */
  #heapSerials = 0;

  /** all arenas by id; their number is narenas */
  get arenas(): readonly Arena[] {
    const { i32 } = this.core.attached;
    const count = i32[MODEL.arenaCount]!;
    const table = i32[MODEL.arenas]! >>> 2;
    for (let id = this.#arenas.length; id < count; id++) {
      this.#arenas.push(new Arena(this, i32[table + id]! >>> 0, id));
    }
    return this.#arenas;
  }

  /** The arena whose record is at `address`; null for 0. */
  arenaAt(address: number): Arena | null {
    if (address === 0) {
      return null;
    }
    const id = this.core.attached.i32[(address >>> 2) + ARENA.id]!;
    return this.#arenas[id] ?? this.arenas[id]!;
  }

  get mainArena(): Arena {
    return this.#arenas[0] ?? this.arenas[0]!;
  }

  get nextToUse(): Arena {
    return this.arenaAt(this.core.attached.i32[MODEL.nextToUse]!)!;
  }

  set nextToUse(arena: Arena) {
    this.core.attached.i32[MODEL.nextToUse] = arena.address;
  }

  /** free_list (§6.1) */
  get freeList(): { readonly head: Arena | null; arenas(): Arena[] } {
    const head = this.arenaAt(this.core.attached.i32[MODEL.freeArena]!);
    return { head, arenas: () => listedFrom(head) };
  }

  /** Heaps by id; an id is reused after its heap is unmapped. Those of unused ids are as they were. */
  get heaps(): readonly Heap[] {
    const { i32 } = this.core.attached;
    const serials = i32[MODEL.heapSerials]!;
    if (serials !== this.#heapSerials) {
      this.#heapSerials = serials;
      const table = i32[MODEL.heaps]! >>> 2;
      for (let id = 0; id < i32[MODEL.heapCount]!; id++) {
        const address = i32[table + id]! >>> 0;
        if (this.#heaps[id]?.serial !== i32[address / 4 + HEAP_RECORD.serial]) {
          this.#heaps[id] = new Heap(this, address);
        }
      }
    }
    return this.#heaps;
  }

  /** The heap whose record is at `address`, and those after it in its arena's list; 0: none. */
  heapsFrom(address: number): Heap[] {
    const { i32 } = this.core.attached;
    const all = this.heaps;
    const found: Heap[] = [];
    for (let at = address >>> 0; at !== 0; at = i32[at / 4 + HEAP_RECORD.newer]! >>> 0) {
      found.push(all[i32[at / 4 + HEAP_RECORD.id]!]!);
    }
    return found;
  }

  /** the area below the program break */
  get breakHeap(): Heap {
    return this.#heaps[0] ?? this.heaps[0]!;
  }

  heapOf(c: number): Heap {
    return this.heaps[this.core.attached.i32[c + HEAP]!]!;
  }

  /** by id; null: the id is unused */
  get mappings(): (Mapping | null)[] {
    const { i32 } = this.core.attached;
    return Array.from({ length: i32[MODEL.mappingCount]! }, (_, id) => this.mappingAt(id));
  }

  /** Mapping number `id`; null: the id is unused. */
  mappingAt(id: number): Mapping | null {
    const { i32 } = this.core.attached;
    const address = id < i32[MODEL.mappingCount]! ? i32[(i32[MODEL.mappings]! >>> 2) + id]! : 1;
    // That of an unused id is odd.
    return address & 1 ? null : new Mapping(this.core, address >>> 0);
  }

  /** The mapping of mapped chunk `c`. */
  mappingOf(c: number): Mapping {
    return this.mappingAt(this.core.attached.i32[c + HEAP]!)!;
  }
}

/** The arenas on the free list from `head` on, newest first, each once: up to 2.22 it may be a ring (core/free-list.ts). */
function listedFrom(head: Arena | null): Arena[] {
  const all = new Set<Arena>();
  for (let at = head; at !== null && !all.has(at); at = at.nextFree) {
    all.add(at);
  }
  return [...all];
}
