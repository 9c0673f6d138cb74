import { structBytes } from "../../ptmalloc/arenas.ts";
import { ADDR, GRANULE, MAPPED, PAGE, STATE } from "../../ptmalloc/chunks.ts";
import { HEAP_MAX, type Heap } from "../../ptmalloc/heap.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import type { LoggedPlace } from "../../recorded/explain/suspects.ts";
import type { Divergence } from "../../report/report.ts";
import { isAmongMappings } from "../../trace/address-space.ts";

/** What a hook leaves of a pointer that prints it as %08x: it is taken modulo this. */
export const CUT = 2 ** 32;

/** Pointers in unknown places remembered of one stretch. */
const MOST_STRAYS = 8;
/** Stretches with such pointers; a log of garbage has as many as lines, and they are then forgotten. */
const MOST_STRETCHES = 1024;
/** Wrong events remembered at once: no more are explained of one batch. */
const MAX_MISSED = 32;

/** An event whose pointer the model did not foresee. */
export interface Missed {
  /** its number, 1-based */
  readonly event: number;
  /** where the log would show what the model returned; NaN where that is not known */
  readonly modelled: number;
}

/**
 * Holds the run as recorded against the log's own pointers. Where the kernel put a heap is not in a model, so the
 * first block in a heap tells where it lies; from then on every block in it must be at its exact offset. A heap whose
 * first block lies where no heap can begin stays unknown, and its blocks count as unequal, until anchor.ts places it.
 */
export class PointerJudge {
  /** calls that returned a pointer */
  compared = 0;
  /** of these, those the model served at the same place */
  equal = 0;
  firstDivergence: Divergence | null = null;
  /** the first events that went wrong since this was last emptied, in order */
  readonly missed: Missed[] = [];

  /** where heaps begin, by heap id; the serial tells whether the id is still the same heap's */
  readonly #bases: { serial: number; base: number | null }[] = [];
  /**
   * The heap that begins at an address, so that a pointer in it finds it by its high bits. No two can; but of those
   * whose addresses are alike when cut to 32 bits this is the newest.
   */
  readonly #heapAt = new Map<number, { readonly id: number; readonly serial: number }>();
  #full = false;
  /** by stretch of 64 MiB, the first pointers that lay in no known chunk */
  readonly #strays = new Map<number, readonly number[]>();
  /** the last pointer that was judged wrong, and the heap that the model served in its stead; NaN, null: none */
  #wrongPointer = Number.NaN;
  #servedIn: Heap | null = null;

  /** The log states where the break area begins: the initial program break. */
  placeBreakHeap(breakHeap: Heap, heapStart: number): void {
    const base = Math.floor(heapStart / PAGE) * PAGE;
    this.#bases[breakHeap.id] = { serial: breakHeap.serial, base };
  }

  clone(): PointerJudge {
    const copy = new PointerJudge();
    copy.compared = this.compared;
    copy.equal = this.equal;
    copy.firstDivergence = this.firstDivergence;
    copy.missed.push(...this.missed);
    copy.#bases.push(...this.#bases);
    for (const [base, heap] of this.#heapAt) {
      copy.#heapAt.set(base, heap);
    }
    copy.#full = this.#full;
    for (const [stretch, pointers] of this.#strays) {
      copy.#strays.set(stretch, pointers);
    }
    return copy;
  }

  /** True if the log's pointers are known not to be cut. */
  get seesWholePointers(): boolean {
    return this.#full;
  }

  /** pointers that the model did not foresee */
  get wrong(): number {
    return this.compared - this.equal;
  }

  /** An address of 2^32 or more was seen in the log: its pointers are not cut to 32 bits. */
  seeWholePointers(): void {
    this.#full = true;
  }

  /**
   * Compares chunk `c` (0: the model returned NULL) with the pointer that event number `event` (1-based) returned.
   * True if it lies there.
   */
  judge(m: Ptmalloc, c: number, pointer: number, event: number, line: number): boolean {
    this.compared++;
    if (c !== 0 && this.#same(m, c, pointer)) {
      this.equal++;
      return true;
    }
    this.#wrongPointer = pointer;
    this.#servedIn = c === 0 || m.chunks.words[c + STATE] === MAPPED ? null : m.heapOf(c);
    if (this.missed.length < MAX_MISSED) {
      this.missed.push({ event, modelled: this.#addressOf(m, c) });
    }
    if (this.firstDivergence === null) {
      this.firstDivergence = {
        event,
        line,
        expected: this.#describePointer(m, pointer),
        modelled: this.#describeChunk(m, c),
      };
    }
    return false;
  }

  /** True if it is known where the heap begins. */
  knows(heap: Heap): boolean {
    return this.#baseOf(heap) !== null;
  }

  /** True if a heap is known to begin at address `base`. */
  hasHeapAt(m: Ptmalloc, base: number): boolean {
    return this.#startingAt(m, base) !== null;
  }

  /** True if a heap is known to begin above `from` and below `to`. */
  hasHeapBetween(m: Ptmalloc, from: number, to: number): boolean {
    for (const base of this.#heapAt.keys()) {
      if (base > from && base < to && this.hasHeapAt(m, base)) {
        return true;
      }
    }
    return false;
  }

  /** The heap begins at `base`. */
  place(heap: Heap, base: number): void {
    this.#heapAt.set(base, { id: heap.id, serial: heap.serial });
    this.#bases[heap.id] = { serial: heap.serial, base };
  }

  /** The granule of a known heap where the chunk of the block at `pointer` begins; −1 if none can begin there. */
  granuleIn(heap: Heap, pointer: number): number {
    const base = this.#baseOf(heap);
    if (base === null) {
      return -1;
    }
    const offset = this.#full ? pointer - base : (pointer - base + CUT) % CUT;
    return offset % GRANULE === 0 ? offset / GRANULE - 1 : -1;
  }

  /**
   * True if so many different pointers as `needed` (8 at most) have by now been seen in the stretch of 64 MiB that
   * `pointer` lies in. A place that one pointer shows alone may be a line gone wrong.
   */
  isEvident(pointer: number, needed: number): boolean {
    const stretch = Math.floor(pointer / HEAP_MAX);
    const seen = this.#strays.get(stretch) ?? [];
    if (seen.length < MOST_STRAYS && !seen.includes(pointer)) {
      if (this.#strays.size >= MOST_STRETCHES) {
        this.#strays.clear();
      }
      this.#strays.set(stretch, [...seen, pointer]);
      return seen.length + 1 >= needed;
    }
    return seen.length >= needed;
  }

  /**
   * True if a block of `bytes` at `pointer`, which lies in no known heap, has a mapping of its own. So, it is
   * taken, has one where an arena's own structures would be, if this were its first heap (§12.1): no other is known yet.
   */
  isMapped(m: Ptmalloc, pointer: number, bytes: number): boolean {
    if (this.#full && this.isOfBreak(m, pointer)) {
      return false;
    }
    if (bytes >= m.par.mmapThreshold || pointer % PAGE === GRANULE) {
      return true;
    }
    return this.#full && pointer % HEAP_MAX <= structBytes(m.profile);
  }

  /** True if `pointer` lies in the break area: not where the kernel maps. Cut pointers do not tell. */
  isOfBreak(m: Ptmalloc, pointer: number): boolean {
    if (this.#full) {
      return !isAmongMappings(pointer);
    }
    return m.thread.arena === null || m.thread.arena.main;
  }

  /** A start for the break area with `room` bytes below its first pointer. */
  breakBaseFor(pointer: number, room: number): number {
    const page = Math.floor((pointer - GRANULE) / PAGE) * PAGE;
    return page - room;
  }

  /** Where the log puts a block of `bytes`, in the model's terms. */
  placeOf(m: Ptmalloc, pointer: number, bytes: number): LoggedPlace {
    const heap = this.#heapOf(m, pointer);
    const base = heap === null ? null : this.#baseOf(heap);
    if (heap === null || base === null) {
      return { heap: -1, offset: 0, bytes };
    }
    return { heap: heap.id, offset: (pointer - base + CUT) % CUT, bytes };
  }

  /** True if a cut `pointer` can be the first block of any new heap, whatever heap has the same low bits. */
  mayBeFirst(pointer: number): boolean {
    return !this.#full && pointer % HEAP_MAX < PAGE;
  }

  /**
   * True if `pointer` is the first block of an arena that is not known yet: in no heap, and as far from the start of one
   * as only the structures of a new arena, and a cache behind them, put it (§12.1).
   */
  isFirstOfNew(m: Ptmalloc, pointer: number): boolean {
    const first = structBytes(m.profile);
    const offset = pointer % HEAP_MAX;
    if (offset <= first || offset > first + m.profile.tcacheStructBytes + 4 * GRANULE) {
      return false;
    }
    return (!this.#full || isAmongMappings(pointer)) && this.#heapsAround(m, pointer).length === 0;
  }

  /** The one known heap that `pointer` can lie in; null if there is none, or several, or it may have a mapping. */
  onlyHeapOf(m: Ptmalloc, pointer: number): Heap | null {
    if (this.#full) {
      return this.#heapOf(m, pointer);
    }
    if (pointer % PAGE === GRANULE) {
      return null;
    }
    const [heap = null, other] = this.#heapsAround(m, pointer);
    return other === undefined ? heap : null;
  }

  /**
   * True if `pointer` can be a block with a mapping of its own: in no heap that is known, and not so near above the
   * break that the program may have moved that (§12.7).
   */
  mayBeMapped(m: Ptmalloc, pointer: number): boolean {
    const base = this.#baseOf(m.breakHeap);
    if (pointer % PAGE !== GRANULE || base === null || this.#heapOf(m, pointer) !== null) {
      return false;
    }
    const above = pointer - (base + m.brk);
    return (this.#full ? above : (above + CUT) % CUT) >= HEAP_MAX || (this.#full && above < 0);
  }

  /**
   * Bytes from the model's break up to the chunk of the block at `pointer`; 0 where it does not lie above the break, or
   * so high that it is of something else; cut pointers tell 64 MiB.
   */
  aboveBreak(m: Ptmalloc, pointer: number): number {
    const base = this.#baseOf(m.breakHeap);
    if (base === null) {
      return 0;
    }
    const above = pointer - GRANULE - base - m.brk;
    if (!this.#full) {
      return (above + CUT) % CUT < HEAP_MAX ? (above + CUT) % CUT : 0;
    }
    return above > 0 && this.isOfBreak(m, pointer) ? above : 0;
  }

  #same(m: Ptmalloc, c: number, pointer: number): boolean {
    const w = m.chunks.words;
    const offset = (w[c + ADDR]! + 1) * GRANULE;
    if (w[c + STATE] === MAPPED) {
      // A cut pointer may have the low bits of one in a heap.
      return (pointer - offset) % PAGE === 0 && (!this.#full || this.#heapOf(m, pointer) === null);
    }
    const heap = m.heapOf(c);
    const known = this.#bases[heap.id];
    if (known?.serial !== heap.serial) {
      this.#bind(m, heap, pointer - offset);
    }
    const base = this.#baseOf(heap);
    return base !== null && this.#equal(pointer, base + offset);
  }

  #equal(pointer: number, address: number): boolean {
    if (pointer === address) {
      return true;
    }
    return !this.#full && (address - pointer) % CUT === 0;
  }

  /** Where the heap begins; null while that is not known, or when its first block lay where it cannot be. */
  #baseOf(heap: Heap): number | null {
    const known = this.#bases[heap.id];
    return known !== undefined && known.serial === heap.serial ? known.base : null;
  }

  /** The heap's first block would put its start at `base`; if no heap can start there, its place stays unknown. */
  #bind(m: Ptmalloc, heap: Heap, base: number): void {
    const alignment = heap.kind === "arena" ? HEAP_MAX : PAGE;
    const isFree = !this.#full || this.#startingAt(m, base) === null;
    // The break area alone has its place: where the kernel maps heaps of arenas is not the same everywhere.
    const isElsewhere = this.#full && heap.kind === "break" && !this.isOfBreak(m, base);
    const isPossible = base % alignment === 0 && isFree && !isElsewhere;
    if (isPossible) {
      this.#heapAt.set(base, { id: heap.id, serial: heap.serial });
    }
    this.#bases[heap.id] = { serial: heap.serial, base: isPossible ? base : null };
  }

  /** The heap that begins at `base`, if there is one that still exists. */
  #startingAt(m: Ptmalloc, base: number): Heap | null {
    const known = this.#heapAt.get(base);
    const heap = known === undefined ? undefined : m.heaps[known.id];
    if (heap === undefined || heap.serial !== known?.serial) {
      return null;
    }
    return heap.arena.heaps.includes(heap) ? heap : null;
  }

  /**
   * The heap that holds a cut `pointer`. Several may, cut to the same addresses; then the process tells, as far as it
   * can: a call is served in the heap where the model served it, be it at another place, or in its thread's own arena;
   * and rather out of what a heap has than out of what it may yet grow to.
   */
  #heapOfCut(m: Ptmalloc, pointer: number): Heap | null {
    const served = pointer === this.#wrongPointer ? this.#servedIn : null;
    const newest = this.#startingAt(m, pointer - (pointer % HEAP_MAX));
    const likely = [served, ...(m.thread.arena?.heaps ?? []), newest, ...m.mainArena.heaps];
    const grown = likely.find((heap) => this.#offsetIn(heap, pointer) < (heap?.size ?? 0));
    if (grown !== undefined) {
      return grown;
    }
    const mayGrow = (heap: Heap | null) =>
      heap?.kind === "arena" && this.#offsetIn(heap, pointer) < HEAP_MAX;
    return likely.find(mayGrow) ?? null;
  }

  /** Known heaps that `pointer` can lie in. */
  #heapsAround(m: Ptmalloc, pointer: number): Heap[] {
    if (this.#full) {
      return [this.#heapOf(m, pointer)].filter((heap) => heap !== null);
    }
    const reach = ({ kind, size }: Heap) => (kind === "arena" ? HEAP_MAX : size);
    return m.arenas.flatMap(({ heaps }) =>
      heaps.filter((heap) => this.#offsetIn(heap, pointer) < reach(heap)),
    );
  }

  /** Bytes that a cut `pointer` is above the heap's start; Infinity if nobody knows where that is. */
  #offsetIn(heap: Heap | null, pointer: number): number {
    const base = heap === null ? null : this.#baseOf(heap);
    return base === null ? Number.POSITIVE_INFINITY : (pointer - base + CUT) % CUT;
  }

  /** The heap whose known place holds `pointer`; null if none does. */
  #heapOf(m: Ptmalloc, pointer: number): Heap | null {
    if (!this.#full) {
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

  /** The pointer that the log would show for chunk `c`, if all is known; else NaN. */
  #addressOf(m: Ptmalloc, c: number): number {
    const w = m.chunks.words;
    const base = c === 0 || w[c + STATE] === MAPPED ? null : this.#baseOf(m.heapOf(c));
    if (base === null) {
      return Number.NaN;
    }
    const address = base + (w[c + ADDR]! + 1) * GRANULE;
    return this.#full ? address : (address + CUT) % CUT;
  }

  #describePointer(m: Ptmalloc, pointer: number): string {
    const { heap, offset } = this.placeOf(m, pointer, 0);
    if (heap >= 0) {
      return place(m.heaps[heap]!, offset);
    }
    if (pointer % PAGE === GRANULE) {
      return `0x${pointer.toString(16)}, mapped or unknown heap`;
    }
    return `0x${pointer.toString(16)}, unknown heap`;
  }

  #describeChunk(m: Ptmalloc, c: number): string {
    if (c === 0) {
      return "NULL";
    }
    const offset = (m.chunks.words[c + ADDR]! + 1) * GRANULE;
    if (m.chunks.words[c + STATE] === MAPPED) {
      return `mapped, page offset 0x${(offset % PAGE).toString(16)}`;
    }
    return place(m.heapOf(c), offset);
  }
}

function place(heap: Heap, offset: number): string {
  const at = `0x${offset.toString(16)}`;
  if (heap.kind === "break") {
    return `main heap + ${at}`;
  }
  if (heap.kind === "fallback") {
    return `main arena's mapped region + ${at}`;
  }
  return `arena ${heap.arena.id}, heap ${heap.arena.heaps.indexOf(heap) + 1} + ${at}`;
}
