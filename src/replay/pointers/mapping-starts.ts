import type { Arena } from "../../ptmalloc/arena.ts";
import { GRANULE, HEAP, MAPPED, MIN_GRANULES, SIZE, STATE } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { regainTop } from "../../ptmalloc/regain-top.ts";
import { DEFAULT_MMAP_THRESHOLD_MAX } from "../../ptmalloc/settings.ts";

/** Aligned mappings remembered whose start may still be found. */
const MAX_OPEN = 64;

/** Starts of foreign mappings remembered. */
const MAX_FOREIGN = 64;

/** A mapping whose start its pointer leaves open. */
interface Open {
  readonly id: number;
  readonly chunk: number;
  readonly pointer: number;
}

/**
 * Where the mappings of single blocks start. The block's pointer shows that, except for an alignment above a page: its
 * lead may be any number of pages. The size of the chunk, without the lead, becomes the mmap threshold when the block is
 * freed (ptmalloc2.md trap T17). The mapping's neighbours show its start: Linux maps at the top of the highest gap, so
 * that a new mapping ends where another starts. The other may be a library's or a stack's, which no pointer
 * shows, but the end of a block's mapping does. So does a hole that goes on behind the block to the mapping's end.
 */
export class MappingStarts {
  /** address by mapping id; NaN while unknown */
  readonly #starts: number[] = [];
  /** the latest mapping that starts at an address; filled once `#isNeeded` */
  readonly #idAt = new Map<number, number>();
  #open: readonly Open[] = [];
  /** where mappings end and no block's starts: starts of libraries, stacks and the like */
  #foreign: readonly number[] = [];
  /**
   * The sizes that the chunks of freed mappings of unknown start may have had: one per page, from that of any to the
   * largest. The mmap threshold may have become one of them.
   */
  #freed = { any: 0, largest: 0 };
  /** an alignment above a page was seen: before, ends of mappings are not looked at, to save time */
  #isNeeded = false;

  copy(from: MappingStarts): void {
    this.#starts.length = 0;
    this.#idAt.clear();
    for (const start of from.#starts) {
      this.#starts.push(start);
    }
    for (const [start, id] of from.#idAt) {
      this.#idAt.set(start, id);
    }
    this.#open = from.#open.map((one) => ({ ...one }));
    this.#foreign = [...from.#foreign];
    this.#freed = { ...from.#freed };
    this.#isNeeded = from.#isNeeded;
  }

  /** The log shows mapped chunk `c` at `pointer`; `isResized`: realloc may have kept its mapping. */
  note(m: Ptmalloc, c: number, pointer: number, isResized: boolean): void {
    const id = m.chunks.words[c + HEAP]!;
    const offset = blockOffset(m, c);
    const one = { id, chunk: c, pointer };
    if (isResized && this.#starts[id] === pointer - offset) {
      // mremap in place leaves a gap above it, or fills one.
      return;
    }
    if (offset <= m.pageBytes || (isResized && !Number.isNaN(this.#starts[id]))) {
      this.#learn(m, id, pointer - offset);
      return;
    }
    this.#need();
    this.#setStart(id, Number.NaN);
    this.#open = this.#open.filter((other) => other.id !== id && isLive(m, other));
    const start = this.#nextAbove(m, pointer) - m.mappingOf(c).totalBytes;
    if (start < pointer) {
      this.#settle(m, one, start);
    } else {
      this.#open = [...this.#open.slice(1 - MAX_OPEN), one];
    }
  }

  /**
   * The mapping of chunk `c` starts at `start`, if its block lies at `pointer`. That is certain, unlike what neighbours
   * show.
   */
  settle(m: Ptmalloc, c: number, pointer: number, start: number): void {
    const id = m.chunks.words[c + HEAP]!;
    const assumed = pointer - blockOffset(m, c);
    const isOpen = this.#open.some((one) => one.id === id && one.pointer === pointer);
    // The model may have mapped a block that the log shows elsewhere.
    const isCorrected = this.startOf(id) === assumed && start !== assumed;
    if (isCorrected || (isOpen && start >= assumed)) {
      this.#settle(m, { id, chunk: c, pointer }, start);
    }
  }

  /** Returns the address at which a mapping starts, by its id; NaN if it is unknown. */
  startOf(id: number): number {
    return this.#starts[id] ?? Number.NaN;
  }

  /** true if the start of some mapping may be unknown */
  get leavesSomeOpen(): boolean {
    return this.#isNeeded;
  }

  /** The log frees chunk `c`. */
  beforeFree(m: Ptmalloc, c: number): void {
    if (m.chunks.words[c + STATE] !== MAPPED) {
      return;
    }
    // Something that no line shows may lie between two mappings: a start that was found is no more than likely.
    const least = m.mappedChunkBytes(m.mappingOf(c));
    const largest = least + blockOffset(m, c) - m.pageBytes;
    if (largest > least) {
      const limited = Math.min(largest, DEFAULT_MMAP_THRESHOLD_MAX);
      this.#freed = { any: least, largest: Math.max(limited, this.#freed.largest) };
    }
  }

  /** true if a freed mapping may have raised the thresholds above the model's */
  leavesThresholdOpen({ par }: Ptmalloc): boolean {
    return !par.noDynThreshold && this.#freed.largest > par.mmapThreshold;
  }

  /** The log maps a chunk of `bytes`: no freed mapping has raised the threshold above that. */
  capThreshold(bytes: number): void {
    this.#freed.largest = Math.min(this.#freed.largest, bytes);
  }

  /**
   * The log puts a chunk of `bytes` in a heap of `av`, which the model would map, because its top is too small. If a
   * mapping of unknown start was freed, the thresholds may be higher than in the model: then the top was not trimmed, or
   * the chunk is below the mmap threshold. They become the least that explains this. Returns true if some do.
   */
  raiseThreshold(m: Ptmalloc, av: Arena, bytes: number): boolean {
    const { par } = m;
    if (par.noDynThreshold || bytes < par.mmapThreshold || this.#freed.any === 0) {
      return false;
    }
    let threshold = this.#leastAbove(m, bytes);
    const untrimmed = m.chunks.words[av.top + SIZE]! * GRANULE + av.trimmedBytes;
    if (av.trimmedBytes > 0 && untrimmed >= bytes + MIN_GRANULES * GRANULE) {
      const isRaised = par.trimThreshold > av.trimmedAt;
      const least = isRaised ? par.mmapThreshold : this.#leastAbove(m, av.trimmedAt / 2);
      if (least < threshold) {
        regainTop(m, av);
        threshold = least;
      }
    }
    if (!Number.isFinite(threshold)) {
      return false;
    }
    par.mmapThreshold = threshold;
    par.trimThreshold = 2 * threshold;
    return true;
  }

  /** Returns the least size above `bytes` and the mmap threshold that a freed chunk can have had; Infinity if there is none. */
  #leastAbove({ par, pageBytes }: Ptmalloc, bytes: number): number {
    const { any, largest } = this.#freed;
    const above = Math.max(bytes, par.mmapThreshold);
    const size = any + Math.ceil((Math.floor(above) + 1 - any) / pageBytes) * pageBytes;
    return size <= largest ? size : Number.POSITIVE_INFINITY;
  }

  /** Mapping `id` starts at `start`. What it ends at starts there: an open mapping, another block's, or neither. */
  #learn(m: Ptmalloc, id: number, start: number): void {
    this.#setStart(id, start);
    if (!this.#isNeeded) {
      return;
    }
    const end = start + m.mappingAt(id)!.totalBytes;
    const foreign = this.#foreign.filter((one) => one <= start || one > end);
    this.#foreign = foreign;
    this.#open = this.#open.filter((one) => one.id !== id && isLive(m, one));
    const above = this.#openAbove(end);
    if (above !== null && end >= above.pointer - blockOffset(m, above.chunk)) {
      this.#settle(m, above, end);
    } else if (!this.#isStartOfBlock(m, end)) {
      this.#foreign = [...foreign.slice(1 - MAX_FOREIGN), end];
    }
  }

  /** The model has assumed the longest possible lead. */
  #settle(m: Ptmalloc, { id, chunk, pointer }: Open, start: number): void {
    m.advanceMapped(chunk, (pointer - start - blockOffset(m, chunk)) / GRANULE);
    this.#learn(m, id, start);
  }

  /** Returns the address at which the next thing above `pointer` starts; Infinity if that is unknown. */
  #nextAbove(m: Ptmalloc, pointer: number): number {
    let next = Number.POSITIVE_INFINITY;
    this.#starts.forEach((start, id) => {
      if (start > pointer && start < next && m.mappingAt(id) !== null) {
        next = start;
      }
    });
    for (const start of this.#foreign) {
      next = start > pointer ? Math.min(next, start) : next;
    }
    const open = this.#openAbove(pointer);
    return open !== null && open.pointer < next ? Number.POSITIVE_INFINITY : next;
  }

  /** Returns the next open mapping whose block lies above `address`. */
  #openAbove(address: number): Open | null {
    let next: Open | null = null;
    for (const one of this.#open) {
      if (one.pointer > address && (next === null || one.pointer < next.pointer)) {
        next = one;
      }
    }
    return next;
  }

  /** True if the mapping of a block starts at `address`. */
  #isStartOfBlock(m: Ptmalloc, address: number): boolean {
    const id = this.#idAt.get(address);
    return id !== undefined && m.mappingAt(id) !== null;
  }

  #need(): void {
    if (!this.#isNeeded) {
      this.#isNeeded = true;
      this.#starts.forEach((start, id) => {
        this.#idAt.set(start, id);
      });
    }
  }

  #setStart(id: number, start: number): void {
    const before = this.#starts[id] ?? Number.NaN;
    this.#starts[id] = start;
    if (!this.#isNeeded) {
      return;
    }
    if (this.#idAt.get(before) === id) {
      this.#idAt.delete(before);
    }
    if (!Number.isNaN(start)) {
      this.#idAt.set(start, id);
    }
  }
}

/** Bytes from the start of the mapping to the block of mapped chunk `c`. */
function blockOffset(m: Ptmalloc, c: number): number {
  return (m.mappingOf(c).offset + 1) * GRANULE;
}

function isLive(m: Ptmalloc, { id, chunk }: Open): boolean {
  const w = m.chunks.words;
  return w[chunk + STATE] === MAPPED && w[chunk + HEAP] === id;
}
