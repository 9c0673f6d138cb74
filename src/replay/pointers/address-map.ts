import { structBytes } from "../../ptmalloc/arenas.ts";
import { ADDR, GRANULE, MAPPED, SMALLEST_PAGE, STATE } from "../../ptmalloc/chunks.ts";
import { HEAP_MAX, type Heap } from "../../ptmalloc/heap.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { CUT_MODULUS, isAmongMappings } from "../../trace/signs/address-space.ts";

/** Pointers in unknown places remembered of one stretch of 64 MiB. */
const MAX_STRAYS = 8;
/** Stretches with such pointers. A log of garbage has one per line: the table is then cleared. */
const MAX_STRETCHES = 1024;

/** Where the log puts a block, in the model's terms. */
export interface LoggedPlace {
  /** id of the heap that holds the pointer; −1 when no known heap does */
  readonly heap: number;
  /** offset of the block from the heap's start, in bytes */
  readonly offset: number;
  /** requested bytes */
  readonly bytes: number;
}

/**
 * Where the model's heaps lie in the process's address space. The kernel decides that, so the model cannot know it: the
 * first block in a heap shows it (`bind`), and every later block in the heap must be at its exact offset. A heap whose
 * first block lies where no heap can begin stays unknown until anchor.ts places it.
 */
export class AddressMap {
  readonly state = {
    /** an address of 2^32 or more was seen: the log's pointers are whole */
    whole: false,
  };
  /** start of each heap by its id, null if unknown; the serial tells whether the id is still the same heap's */
  #bases: { readonly serial: number; readonly base: number | null }[] = [];
  /**
   * The heap that begins at an address, so that a pointer finds its heap by its high bits. Two heaps cannot begin at
   * one address; of those with equal addresses after a cut to 32 bits this is the newest.
   */
  readonly #heapAt = new Map<number, { readonly id: number; readonly serial: number }>();
  /** by stretch of 64 MiB, the first pointers outside all known chunks */
  readonly #strays = new Map<number, readonly number[]>();
  /** The call being judged: its pointer, and the heap in which the model served it. Not copied: holds for one call. */
  #mismatch: { readonly pointer: number; readonly servedIn: Heap | null } | null = null;

  copy(from: AddressMap): void {
    Object.assign(this.state, from.state);
    this.#bases = [...from.#bases];
    replaceAll(this.#heapAt, from.#heapAt);
    replaceAll(this.#strays, from.#strays);
    this.#mismatch = null;
  }

  /** The log's pointers are whole: an address of 2^32 or more was seen. */
  assumeWholePointers(): void {
    this.state.whole = true;
  }

  /** Places the break area where the log states the initial program break. */
  placeBreakHeap(breakHeap: Heap, heapStart: number): void {
    this.#setBase(breakHeap, Math.floor(heapStart / SMALLEST_PAGE) * SMALLEST_PAGE);
  }

  /** True if heap's start is known. */
  knows(heap: Heap): boolean {
    return this.#baseOf(heap) !== null;
  }

  /** True until a block in the heap is compared, or its start is known otherwise. */
  isUnseen(heap: Heap): boolean {
    return this.#bases[heap.id]?.serial !== heap.serial;
  }

  /** True if a known heap begins at address `base`. */
  hasHeapAt(m: Ptmalloc, base: number): boolean {
    return this.#startingAt(m, base) !== null;
  }

  /** True if a known heap begins above `from` and below `to`. */
  hasHeapBetween(m: Ptmalloc, from: number, to: number): boolean {
    for (const base of this.#heapAt.keys()) {
      if (base > from && base < to && this.hasHeapAt(m, base)) {
        return true;
      }
    }
    return false;
  }

  /** Records that the heap begins at `base`. */
  place(heap: Heap, base: number): void {
    this.#heapAt.set(base, { id: heap.id, serial: heap.serial });
    this.#setBase(heap, base);
  }

  /** True if chunk `c` lies at `pointer`. The first block of a heap binds it. */
  holds(m: Ptmalloc, c: number, pointer: number): boolean {
    const w = m.chunks.words;
    const offset = (w[c + ADDR]! + 1) * GRANULE;
    if (w[c + STATE] === MAPPED) {
      // A cut pointer may have the low bits of one in a heap.
      const { whole } = this.state;
      const { pageBytes } = m;
      const isInHeap =
        whole &&
        (this.#heapOf(m, pointer) !== null ||
          (offset > pageBytes && this.isAboveBreak(m, pointer)));
      return (pointer - offset) % pageBytes === 0 && !isInHeap;
    }
    const heap = m.heapOf(c);
    if (this.isUnseen(heap)) {
      this.#bind(m, heap, pointer - offset);
    }
    const base = this.#baseOf(heap);
    return base !== null && this.#isSame(pointer, base + offset);
  }

  /** The model served the call that returned `pointer` at chunk `c` (0: not at all), which is elsewhere. */
  noteMismatch(m: Ptmalloc, c: number, pointer: number): void {
    const servedIn = c === 0 || m.chunks.words[c + STATE] === MAPPED ? null : m.heapOf(c);
    this.#mismatch = { pointer, servedIn };
  }

  /** Returns the granule of a known heap where the chunk of the block at `pointer` begins; −1 if none can. */
  granuleIn(heap: Heap, pointer: number): number {
    const base = this.#baseOf(heap);
    if (base === null) {
      return -1;
    }
    const offset = this.state.whole ? pointer - base : (pointer - base + CUT_MODULUS) % CUT_MODULUS;
    return offset % GRANULE === 0 ? offset / GRANULE - 1 : -1;
  }

  /**
   * True if at least `needed` (8 at most) different pointers were seen in the 64 MiB stretch of `pointer`, this one
   * included. A single pointer may be a corrupt line.
   */
  isEvident(pointer: number, needed: number): boolean {
    const stretch = Math.floor(pointer / HEAP_MAX);
    const seen = this.#strays.get(stretch) ?? [];
    if (seen.length < MAX_STRAYS && !seen.includes(pointer)) {
      if (this.#strays.size >= MAX_STRETCHES) {
        this.#strays.clear();
      }
      this.#strays.set(stretch, [...seen, pointer]);
      return seen.length + 1 >= needed;
    }
    return seen.length >= needed;
  }

  /**
   * True if a block of `bytes` at `pointer`, outside all known heaps, has a mapping of its own. A block where an arena's
   * own structures would be, if this were its first heap (§12.1), counts as mapped: no other place is possible.
   */
  isMapped(m: Ptmalloc, pointer: number, bytes: number): boolean {
    if (this.state.whole && this.isInBreakArea(m, pointer)) {
      return false;
    }
    if (bytes >= m.par.mmapThreshold || pointer % m.pageBytes === GRANULE) {
      return true;
    }
    return this.state.whole && pointer % HEAP_MAX <= structBytes(m.profile);
  }

  /** True if `pointer` lies in the break area rather than where the kernel maps. Cut pointers do not show that. */
  isInBreakArea(m: Ptmalloc, pointer: number): boolean {
    if (this.state.whole) {
      return !isAmongMappings(pointer);
    }
    return m.thread.arena === null || m.thread.arena.main;
  }

  /** Returns a start for the break area with `headroom` bytes below its first pointer. */
  breakBaseFor(m: Ptmalloc, pointer: number, headroom: number): number {
    const page = Math.floor((pointer - GRANULE) / m.pageBytes) * m.pageBytes;
    return page - headroom;
  }

  /** Returns where the log puts a block of `bytes`, in the model's terms. */
  placeOf(m: Ptmalloc, pointer: number, bytes: number): LoggedPlace {
    const heap = this.#heapOf(m, pointer);
    const base = heap === null ? null : this.#baseOf(heap);
    if (heap === null || base === null) {
      return { heap: -1, offset: 0, bytes };
    }
    return { heap: heap.id, offset: (pointer - base + CUT_MODULUS) % CUT_MODULUS, bytes };
  }

  /** True if a cut `pointer` can be the first block of any new heap, even if a known heap has the same low bits. */
  mayBeFirst(pointer: number): boolean {
    return !this.state.whole && pointer % HEAP_MAX < SMALLEST_PAGE;
  }

  /**
   * True if `pointer` is the first block of an unknown arena: outside all known heaps, and as far from a heap's start as
   * only the structures of a new arena, and a tcache after them, put it (§12.1).
   */
  isFirstOfNewArena(m: Ptmalloc, pointer: number): boolean {
    const first = structBytes(m.profile);
    const offset = pointer % HEAP_MAX;
    if (offset <= first || offset > first + m.profile.tcacheStructBytes + 4 * GRANULE) {
      return false;
    }
    return (
      (!this.state.whole || isAmongMappings(pointer)) && this.#heapsAround(m, pointer).length === 0
    );
  }

  /** Returns the one known heap that can hold `pointer`; null if none or several can, or if it may be mapped. */
  onlyHeapOf(m: Ptmalloc, pointer: number): Heap | null {
    if (this.state.whole) {
      return this.#heapOf(m, pointer);
    }
    if (pointer % m.pageBytes === GRANULE) {
      return null;
    }
    const [heap = null, other] = this.#heapsAround(m, pointer);
    return other === undefined ? heap : null;
  }

  /**
   * True if `pointer` can be a block with a mapping of its own: outside all known heaps, and not so close above the
   * break that a foreign sbrk may explain it (§12.7).
   */
  mayBeMapped(m: Ptmalloc, pointer: number): boolean {
    const base = this.#baseOf(m.breakHeap);
    if (pointer % m.pageBytes !== GRANULE || base === null || this.#heapOf(m, pointer) !== null) {
      return false;
    }
    const above = pointer - (base + m.brk);
    const { whole } = this.state;
    return (
      (whole ? above : (above + CUT_MODULUS) % CUT_MODULUS) >= HEAP_MAX || (whole && above < 0)
    );
  }

  /**
   * Returns the bytes from the model's break up to the chunk of the block at `pointer`; 0 where it does not lie above
   * the break, or so high that it belongs to something else. With cut pointers that limit is 64 MiB.
   */
  aboveBreak(m: Ptmalloc, pointer: number): number {
    const base = this.#baseOf(m.breakHeap);
    if (base === null) {
      return 0;
    }
    const above = pointer - GRANULE - base - m.brk;
    if (!this.state.whole) {
      return (above + CUT_MODULUS) % CUT_MODULUS < HEAP_MAX
        ? (above + CUT_MODULUS) % CUT_MODULUS
        : 0;
    }
    return above > 0 && this.isInBreakArea(m, pointer) ? above : 0;
  }

  /** True if `pointer` lies in a known heap, or where the break area may grow to. */
  isInHeap(m: Ptmalloc, pointer: number): boolean {
    return this.placeOf(m, pointer, 0).heap >= 0 || this.isAboveBreak(m, pointer);
  }

  /** True if the break area may soon grow to `pointer`. */
  isAboveBreak(m: Ptmalloc, pointer: number): boolean {
    const above = this.aboveBreak(m, pointer);
    return above > 0 && above < HEAP_MAX;
  }

  /** Returns the pointer that the log would show for chunk `c`; NaN if the heap's start is unknown. */
  addressOf(m: Ptmalloc, c: number): number {
    const w = m.chunks.words;
    const isInHeap = c !== 0 && w[c + STATE] !== MAPPED;
    return isInHeap ? this.addressIn(m.heapOf(c), (w[c + ADDR]! + 1) * GRANULE) : Number.NaN;
  }

  /** Returns the address so many bytes above the heap's start, as the log would show it; NaN if the start is unknown. */
  addressIn(heap: Heap, offset: number): number {
    const base = this.#baseOf(heap);
    if (base === null) {
      return Number.NaN;
    }
    const address = base + offset;
    if (this.state.whole) {
      // The start of a break area whose beginning the log does not have is assumed, with room below its first block.
      return address < 0 ? Number.NaN : address;
    }
    return (address + CUT_MODULUS) % CUT_MODULUS;
  }

  #isSame(pointer: number, address: number): boolean {
    return pointer === address || (!this.state.whole && (address - pointer) % CUT_MODULUS === 0);
  }

  /** Returns the heap's start; null while unknown, or when its first block lay where no heap can begin. */
  #baseOf(heap: Heap): number | null {
    const known = this.#bases[heap.id];
    return known !== undefined && known.serial === heap.serial ? known.base : null;
  }

  /** The heap's first block puts its start at `base`. If no heap can start there, the start stays unknown. */
  #bind(m: Ptmalloc, heap: Heap, base: number): void {
    const alignment = heap.kind === "arena" ? HEAP_MAX : m.pageBytes;
    const { whole } = this.state;
    const isFree = !whole || this.#startingAt(m, base) === null;
    // Only the break area has a fixed place: where the kernel maps arena heaps differs between machines.
    const isElsewhere = whole && heap.kind === "break" && !this.isInBreakArea(m, base);
    const isPossible = base % alignment === 0 && isFree && !isElsewhere;
    if (isPossible) {
      this.place(heap, base);
    } else {
      this.#bases[heap.id] = { serial: heap.serial, base: null };
      heap.base = Number.NaN;
    }
  }

  #setBase(heap: Heap, base: number): void {
    this.#bases[heap.id] = { serial: heap.serial, base };
    heap.base = base;
    heap.start = startOf(base);
  }

  /** Returns the existing heap that begins at `base`; null if there is none. */
  #startingAt(m: Ptmalloc, base: number): Heap | null {
    const known = this.#heapAt.get(base);
    const heap = known === undefined ? undefined : m.heaps[known.id];
    if (heap === undefined || heap.serial !== known?.serial) {
      return null;
    }
    return heap.isMapped ? heap : null;
  }

  /**
   * Returns the heap that holds a cut `pointer`. Several heaps may have the same low bits. A call is most likely served
   * in the heap where the model served it, even if at another place, or in its thread's own arena; and from the part of
   * a heap that exists rather than the part it may still grow into.
   */
  #heapOfCut(m: Ptmalloc, pointer: number): Heap | null {
    const servedIn = pointer === this.#mismatch?.pointer ? this.#mismatch.servedIn : null;
    const newest = this.#startingAt(m, pointer - (pointer % HEAP_MAX));
    const likely = [servedIn, ...(m.thread.arena?.heaps ?? []), newest, ...m.mainArena.heaps];
    const grown = likely.find((heap) => this.#offsetIn(heap, pointer) < (heap?.size ?? 0));
    if (grown !== undefined) {
      return grown;
    }
    const mayGrow = (heap: Heap | null) =>
      heap?.kind === "arena" && this.#offsetIn(heap, pointer) < HEAP_MAX;
    return likely.find(mayGrow) ?? null;
  }

  /** Returns the known heaps that can hold `pointer`. */
  #heapsAround(m: Ptmalloc, pointer: number): Heap[] {
    if (this.state.whole) {
      return [this.#heapOf(m, pointer)].filter((heap) => heap !== null);
    }
    const reach = ({ kind, size }: Heap) => (kind === "arena" ? HEAP_MAX : size);
    return m.arenas.flatMap(({ heaps }) =>
      heaps.filter((heap) => this.#offsetIn(heap, pointer) < reach(heap)),
    );
  }

  /** Returns the bytes from the heap's start up to a cut `pointer`; Infinity if the start is unknown. */
  #offsetIn(heap: Heap | null, pointer: number): number {
    const base = heap === null ? null : this.#baseOf(heap);
    return base === null ? Number.POSITIVE_INFINITY : (pointer - base + CUT_MODULUS) % CUT_MODULUS;
  }

  /** Returns the known heap that holds `pointer`; null if none does. */
  #heapOf(m: Ptmalloc, pointer: number): Heap | null {
    if (!this.state.whole) {
      return this.#heapOfCut(m, pointer);
    }
    const aligned = this.#startingAt(m, pointer - (pointer % HEAP_MAX));
    if (aligned !== null && aligned.kind === "arena") {
      return aligned;
    }
    for (const heap of m.mainArena.heaps) {
      const base = this.#baseOf(heap);
      if (base === null) {
        continue;
      }
      const offset = pointer - base;
      if (offset >= 0 && offset < heap.size) {
        return heap;
      }
    }
    return null;
  }
}

/** Returns the start of a heap at address `base`, as Heap has it. */
export function startOf(base: number): number {
  return (((base % CUT_MODULUS) + CUT_MODULUS) % CUT_MODULUS) / GRANULE;
}

function replaceAll<Key, Value>(to: Map<Key, Value>, from: ReadonlyMap<Key, Value>): void {
  to.clear();
  for (const [key, value] of from) {
    to.set(key, value);
  }
}
