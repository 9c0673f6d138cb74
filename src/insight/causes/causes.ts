import type { Arena } from "../../ptmalloc/arena.ts";
import { residentKinds, residentPages } from "../../ptmalloc/census.ts";
import { MAPPED, SMALLEST_PAGE, STATE } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { occupiedBytes, requestedBytes } from "../../ptmalloc/requests.ts";
import { PLANES } from "../../ptmalloc/resident.ts";
import type { Causes } from "../../report/contract/report.ts";

/** Bytes of each cause in each plane (resident.ts), by number of its bit. They add up to the resident bytes of the plane. */
export type CauseBytes = Readonly<Record<keyof Causes, Float64Array>>;

/** The blocks that the program holds. */
export interface Blocks {
  /** Calls `visit` for every live block and its chunk. */
  eachBlock(visit: (block: number, chunk: number) => void): void;
}

/**
 * Why each resident byte of a process is resident, between two calls. Each byte of a heap belongs to one chunk, so the
 * kind of the chunk is the cause. `outsideBytes` are resident outside the model.
 */
export function causesOf(m: Ptmalloc, blocks: Blocks, outsideBytes: number): CauseBytes {
  const causes = new Sums();
  const structs = m.tcacheStructs();
  for (const arena of m.arenas) {
    addArena(m, arena, structs, causes);
  }
  if (m.mappedBlocks > 0) {
    blocks.eachBlock((_, c) => {
      if (m.chunks.words[c + STATE] === MAPPED) {
        addMapped(m, c, causes);
      }
    });
  }
  for (const struct of structs) {
    if (m.chunks.words[struct + STATE] === MAPPED) {
      const mapping = m.mappingOf(struct);
      causes.add("overhead", (bit) => mapping.pages(1 << bit) * m.pageBytes);
    }
  }
  causes.add("unlogged", () => outsideBytes);
  return causes.bytes;
}

function addMapped(m: Ptmalloc, c: number, causes: Sums): void {
  const mapping = m.mappingOf(c);
  const total = occupiedBytes(m, c);
  const requested = requestedBytes(m, c);
  causes.add("mapped", () => requested);
  causes.add("overhead", () => total - requested);
  causes.add("unwritten", (bit) => mapping.pages(1 << bit) * m.pageBytes - total);
}

class Sums {
  readonly bytes: CauseBytes = {
    live: new Float64Array(PLANES),
    mapped: new Float64Array(PLANES),
    overhead: new Float64Array(PLANES),
    unwritten: new Float64Array(PLANES),
    tcache: new Float64Array(PLANES),
    fastbins: new Float64Array(PLANES),
    returnable: new Float64Array(PLANES),
    pinned: new Float64Array(PLANES),
    tops: new Float64Array(PLANES),
    idleArenas: new Float64Array(PLANES),
    unlogged: new Float64Array(PLANES),
  };

  /** Adds to a cause what `bytesOf` returns for each plane, by number of its bit. */
  add(cause: keyof Causes, bytesOf: (bit: number) => number): void {
    const sums = this.bytes[cause];
    for (let bit = 0; bit < PLANES; bit++) {
      sums[bit]! += bytesOf(bit);
    }
  }
}

/** Adds the causes of an arena's resident bytes. */
function addArena(m: Ptmalloc, arena: Arena, structs: readonly number[], causes: Sums): void {
  const kinds = residentKinds(m, arena, structs);
  const { inUse, own, tcache, fastbins, unlogged, returnable, pinned, tops } = kinds;
  const { heldBytes, requestedBytes } = kinds;
  const inChunks = [inUse, own, tcache, fastbins, unlogged, returnable, pinned, tops];
  const pages = residentPages(m, arena);
  const sumOf = (of: readonly Float64Array[], bit: number): number =>
    of.reduce((sum, kind) => sum + kind[bit]!, 0);
  // malloc_state and heap_info are in no chunk.
  const overhead = own.map(
    (bytes, bit) => bytes + pages[bit]! * SMALLEST_PAGE - sumOf(inChunks, bit),
  );
  causes.add("live", () => requestedBytes);
  causes.add("unwritten", (bit) => inUse[bit]! - heldBytes);
  causes.add("tcache", (bit) => tcache[bit]!);
  causes.add("fastbins", (bit) => fastbins[bit]!);
  causes.add("unlogged", (bit) => unlogged[bit]!);
  causes.add("overhead", () => heldBytes - requestedBytes);
  // All that an arena without a chunk in use keeps resident would do for a new thread.
  if (!arena.main && kinds.heldChunks === 0) {
    causes.add("idleArenas", (bit) => sumOf([overhead, returnable, pinned, tops], bit));
    return;
  }
  causes.add("overhead", (bit) => overhead[bit]!);
  causes.add("returnable", (bit) => returnable[bit]!);
  causes.add("pinned", (bit) => pinned[bit]!);
  causes.add("tops", (bit) => tops[bit]!);
}
