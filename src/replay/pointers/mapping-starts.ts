import { GRANULE, HEAP, MAPPED, PAGE, STATE } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";

/** Aligned mappings remembered whose start is not known yet. */
const MAX_OPEN = 16;

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
 * that a new mapping ends where another starts.
 */
export class MappingStarts {
  /** address by mapping id; NaN while unknown */
  readonly #starts: number[] = [];
  #open: readonly Open[] = [];

  copy(from: MappingStarts): void {
    this.#starts.splice(0, this.#starts.length, ...from.#starts);
    this.#open = from.#open;
  }

  /** The log shows mapped chunk `c` at `pointer`; `isResized`: realloc may have kept its mapping. */
  note(m: Ptmalloc, c: number, pointer: number, isResized: boolean): void {
    const id = m.chunks.words[c + HEAP]!;
    const offset = blockOffset(m, c);
    const one = { id, chunk: c, pointer };
    if (offset <= PAGE || (isResized && !Number.isNaN(this.#starts[id]))) {
      this.#learn(m, id, pointer - offset);
      return;
    }
    this.#starts[id] = Number.NaN;
    const start = this.#nextAbove(m, pointer) - m.mappingOf(c).totalBytes;
    if (start < pointer) {
      this.#settle(m, one, start);
    } else {
      const others = this.#open.filter((other) => other.id !== id);
      this.#open = [...others.slice(1 - MAX_OPEN), one];
    }
  }

  /** Mapping `id` starts at `start`. An open one above it starts where it ends. */
  #learn(m: Ptmalloc, id: number, start: number): void {
    this.#starts[id] = start;
    if (this.#open.length === 0) {
      return;
    }
    this.#open = this.#open.filter((one) => one.id !== id && isLive(m, one));
    const end = start + m.mappings[id]!.totalBytes;
    const above = this.#open.find(
      ({ chunk, pointer }) => end < pointer && end >= pointer - blockOffset(m, chunk),
    );
    if (above !== undefined) {
      this.#settle(m, above, end);
    }
  }

  /** The model has assumed the longest possible lead. */
  #settle(m: Ptmalloc, { id, chunk, pointer }: Open, start: number): void {
    m.advanceMapped(chunk, (pointer - start - blockOffset(m, chunk)) / GRANULE);
    this.#learn(m, id, start);
  }

  /** Returns the lowest known start of a mapping above `pointer`; Infinity if none is known. */
  #nextAbove(m: Ptmalloc, pointer: number): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const [id, start] of this.#starts.entries()) {
      if (start > pointer && start < lowest && m.mappings[id]) {
        lowest = start;
      }
    }
    return lowest;
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
