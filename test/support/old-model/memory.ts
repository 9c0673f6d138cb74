import { Arena, newBins } from "./arena.ts";
import { ADDR, Chunks, GRANULE, HEAP, roundUp, SMALLEST_PAGE } from "./chunks.ts";
import { Heap } from "./heap.ts";
import type { Machine } from "./machine.ts";
import type { Mapping } from "./mapping.ts";
import type { Profile } from "./profile.ts";
import { Resident } from "./resident.ts";
import { SystemCalls } from "./system-calls.ts";

/**
 * The memory that an allocator has from the kernel: the area below the program break, the heaps of other arenas,
 * mappings of single blocks, and the chunks and resident pages in them.
 */
export class Memory {
  profile: Profile;
  readonly machine: Machine;
  /** the kernel may back heaps and mappings with transparent huge pages: RSS is then an upper bound (§9.1) */
  hugePages: boolean;
  /** bytes of a page of the kernel; the shift from a granule to its page */
  readonly pageBytes: number;
  readonly pageShift: number;
  /** thp_pagesize: the unit of the program break; 0: a page */
  readonly thpBytes: number;
  /** pagesize of heap_info: the unit of heaps */
  readonly heapUnit: number;
  chunks = new Chunks();
  resident: Resident;
  /** so far, by the allocator */
  systemCalls = new SystemCalls();
  mainArena: Arena;

  /** heaps by id; an id is reused after its heap is unmapped */
  readonly heaps: Heap[] = [];
  #freeHeapIds: number[] = [];
  #heapSerials = 0;
  /** the area below the program break */
  breakHeap: Heap;
  /** the program break, in bytes from the page of its initial value */
  brk: number;

  /** sbrk was called before malloc first did (§10.6) */
  calledSbrk = false;

  /** by id. Copies of a process share those that neither has changed since. */
  mappings: (Mapping | null)[] = [];
  /** the mappings with this owner may be changed; others are copied before */
  #owner = {};
  #freeMappingIds: number[] = [];
  /** n_mmaps; mmapped_mem in bytes, whole pages */
  mappedBlocks = 0;
  mappedBytes = 0;
  /** bytes of mappings below their chunks, left by memalign */
  mappedLeadBytes = 0;
  /** bytes of mappings that hold tcache structs, which are not blocks of the program */
  mappedStructBytes = 0;
  /** bytes by which glibc's mmapped_mem, mallinfo2's hblkhd, exceeds `mappedBytes` (§5.1) */
  miscountedMappedBytes = 0;

  /** bytes obtained from the kernel and not returned: system_mem of all arenas, and all mappings */
  systemBytes = 0;

  /** `initialBreak` is the program break before the first call, in bytes from the start of its page. */
  constructor(profile: Profile, initialBreak: number, machine: Machine, thpBytes: number) {
    const { pageBytes, thp } = machine;
    this.profile = profile;
    this.machine = machine;
    this.hugePages = thp === "always" || (thp === "madvise" && thpBytes !== 0);
    this.resident = new Resident(pageBytes / SMALLEST_PAGE);
    this.pageBytes = pageBytes;
    this.pageShift = Math.log2(pageBytes / GRANULE);
    this.thpBytes = thpBytes;
    this.heapUnit = thpBytes !== 0 && profile.thpUnit === "breakAndHeaps" ? thpBytes : pageBytes;
    this.mainArena = new Arena(0, newBins(this.chunks));
    this.brk = initialBreak;
    this.breakHeap = this.newHeap("break", this.mainArena, null, initialBreak);
  }

  /**
   * Copies another process's memory except its public scalars. `arenas` maps its arenas to their copies, which have no
   * heaps yet. The copied chunks reuse the memory of `recycled`.
   */
  copyMemory(from: Memory, arenas: ReadonlyMap<Arena, Arena>, recycled: Chunks | null): void {
    this.chunks = from.chunks.clone(recycled);
    this.resident = from.resident.clone();
    this.systemCalls = from.systemCalls.clone();
    for (const [av, twin] of arenas) {
      let prev: Heap | null = null;
      for (const heap of av.heaps) {
        const own: Heap = heap.clone(twin, heap.prev === null ? null : prev);
        twin.heaps.push(own);
        this.heaps[own.id] = own;
        prev = own;
      }
    }
    this.mainArena = arenas.get(from.mainArena)!;
    this.breakHeap = this.heaps[from.breakHeap.id]!;
    this.#freeHeapIds = [...from.#freeHeapIds];
    this.#heapSerials = from.#heapSerials;
    this.mappings = [...from.mappings];
    from.#owner = {};
    this.#freeMappingIds = [...from.#freeMappingIds];
  }

  heapOf(c: number): Heap {
    return this.heaps[this.chunks.words[c + HEAP]!]!;
  }

  /** Granule of the block of chunk `c`, not mapped, counted from a multiple of any alignment if its heap's start is known. */
  alignableBlock(c: number): number {
    return this.heapOf(c).start + this.chunks.words[c + ADDR]! + 1;
  }

  /** The mapping of mapped chunk `c`. */
  mappingOf(c: number): Mapping {
    return this.mappings[this.chunks.words[c + HEAP]!]!;
  }

  /** The same, to be changed. */
  ownMappingOf(c: number): Mapping {
    const id = this.chunks.words[c + HEAP]!;
    let mapping = this.mappings[id]!;
    if (mapping.owner !== this.#owner) {
      mapping = mapping.clone();
      mapping.owner = this.#owner;
      this.mappings[id] = mapping;
    }
    return mapping;
  }

  newHeap(kind: Heap["kind"], av: Arena, prev: Heap | null, size: number): Heap {
    const id = this.#freeHeapIds.pop() ?? this.heaps.length;
    const heap = new Heap(id, this.#heapSerials++, kind, av, prev, size);
    this.heaps[id] = heap;
    av.heaps.push(heap);
    if (kind === "arena") {
      this.systemCalls.reserveHeap(heap.serial);
    }
    return heap;
  }

  /** Unmaps a heap. */
  removeHeap(heap: Heap): void {
    this.systemCalls.unmapHeap(heap.serial);
    heap.arena.heaps.splice(heap.arena.heaps.indexOf(heap), 1);
    this.#freeHeapIds.push(heap.id);
  }

  /** Makes `bytes` more of a heap of another arena accessible (grow_heap). */
  extendHeap(heap: Heap, bytes: number): void {
    heap.size += bytes;
    if (heap.size > heap.mprotectSize) {
      heap.mprotectSize = heap.size;
      this.systemCalls.mprotect++;
    }
  }

  /** `bytes` rounded up to whole pages */
  pageUp(bytes: number): number {
    return roundUp(bytes, this.pageBytes);
  }

  addMapping(mapping: Mapping): number {
    const id = this.#freeMappingIds.pop() ?? this.mappings.length;
    this.mappings[id] = mapping;
    mapping.owner = this.#owner;
    this.systemCalls.mmap++;
    this.mappedBlocks++;
    this.mappedBytes += mapping.totalBytes;
    this.systemBytes += mapping.totalBytes;
    return id;
  }

  removeMapping(id: number): void {
    const mapping = this.mappings[id]!;
    this.mappings[id] = null;
    this.#freeMappingIds.push(id);
    this.systemCalls.munmap++;
    this.mappedBlocks--;
    this.mappedBytes -= mapping.totalBytes;
    this.systemBytes -= mapping.totalBytes;
    this.mappedLeadBytes -= mapping.offset * GRANULE;
  }

  /** Resizes the mapping of mapped chunk `c`. */
  resizeMapping(c: number, totalBytes: number): void {
    const mapping = this.ownMappingOf(c);
    // mremap_chunk takes chunksize + lead for the old total size, which since 2.43 is 16 bytes too small.
    const leadBytes = mapping.offset * GRANULE;
    this.miscountedMappedBytes += mapping.totalBytes - leadBytes - this.mappedChunkBytes(mapping);
    this.mappedBytes += totalBytes - mapping.totalBytes;
    this.systemBytes += totalBytes - mapping.totalBytes;
    this.systemCalls.mremap++;
    this.resident.beginReturn();
    mapping.resize(this.resident, totalBytes);
    this.resident.endReturn();
  }

  /** memalign moves a mapped chunk up by `granules` within its mapping; negative: it turns out to lie lower. */
  advanceMapped(c: number, granules: number): void {
    if (!this.ownMappingOf(c).advance(this.resident, granules)) {
      return;
    }
    this.chunks.words[c + ADDR]! += granules;
    this.mappedLeadBytes += granules * GRANULE;
  }

  /** chunksize of a mapping's chunk, in bytes (§4.6) */
  mappedChunkBytes(mapping: Mapping): number {
    const bytes = mapping.totalBytes - mapping.offset * GRANULE;
    return this.profile.mmapTailBytes === 16 ? bytes - 16 : bytes;
  }

  addSystemMem(av: Arena, bytes: number): void {
    av.addSystemMem(bytes);
    this.systemBytes += bytes;
  }
}
