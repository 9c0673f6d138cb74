import { GRANULE, SMALLEST_PAGE } from "../ptmalloc/chunks.ts";
import type { Arch } from "../ptmalloc/machine.ts";
import type { ReplayedBatch } from "../replay/work.ts";
import { isAmongMappings } from "../trace/signs/address-space.ts";

/** What the pointers of a log's beginning show of its machine (ptmalloc2.md §10.6) and of the program break. */
export interface AddressLayout {
  readonly arch: Arch;
  /** sizes that a page of the kernel may have, in bytes, likeliest first; 4096 is always one of them */
  readonly pageSizes: readonly number[];
  /** address of the page of the first known block in the break area; 0: none is known */
  readonly breakBase: number;
}

/** What is assumed where no pointer is known. */
export const NO_LAYOUT: AddressLayout = {
  arch: "x86_64",
  pageSizes: [SMALLEST_PAGE],
  breakBase: 0,
};

const LARGER_PAGES = [65536, 16384] as const;
/** A block of so many bytes whose pointer has the page offset of a mapped chunk's is nearly always mapped. */
const MAPPED_BYTES = 32768;
/** So many mappings seldom all begin at multiples of 64 KiB by chance: once in 65536 logs. */
const MANY_MAPPINGS = 4;

/** User space of x86_64 ends at 2^47. Its kernel places nothing from 2^32 up to 2^43. */
const X86_64_END = 2 ** 47;
const X86_64_GAP = { from: 2 ** 32, to: 2 ** 43 } as const;

/** Reads the pointers that the calls of the log's first batches returned. */
export function addressLayout(batches: readonly ReplayedBatch[]): AddressLayout {
  /** pointers where only aarch64 has memory, less those where only x86_64 has */
  let foreign = 0;
  let lowest = Number.POSITIVE_INFINITY;
  const mapped = new Set<number>();
  for (const { pointerOut, size, length } of batches) {
    for (let i = 0; i < length; i++) {
      const pointer = pointerOut[i]!;
      if (pointer === 0) {
        continue;
      }
      foreign += onAarch64Only(pointer);
      if (pointer < lowest && !isAmongMappings(pointer)) {
        lowest = pointer;
      }
      if (pointer % SMALLEST_PAGE === GRANULE && size[i]! >= MAPPED_BYTES) {
        mapped.add(pointer);
      }
    }
  }
  const arch = foreign > 0 ? "aarch64" : "x86_64";
  return {
    arch,
    pageSizes: pageSizes(arch, mapped, lowest),
    breakBase: Number.isFinite(lowest) ? pageOf(lowest) : 0,
  };
}

/** 1 where only aarch64 has memory, −1 where only x86_64 has, 0 where both have. */
function onAarch64Only(pointer: number): number {
  if (pointer < X86_64_GAP.from) {
    return 0;
  }
  return pointer < X86_64_GAP.to || pointer >= X86_64_END ? 1 : -1;
}

/**
 * Returns the page sizes at whose multiples most mappings begin; without mappings, the break area. Some of `mapped` may
 * lie in a heap after all. On x86_64, whose pages have 4096 bytes, many mappings must say so: another architecture may
 * have the same layout.
 */
function pageSizes(arch: Arch, mapped: ReadonlySet<number>, lowest: number): number[] {
  const larger = LARGER_PAGES.filter((page) => {
    const aligned = [...mapped].filter((one) => one % page === GRANULE).length;
    if (arch === "x86_64") {
      return aligned >= MANY_MAPPINGS && aligned >= 0.75 * mapped.size;
    }
    return mapped.size === 0 ? lowest % page < SMALLEST_PAGE : aligned >= 0.5 * mapped.size;
  });
  // What begins at multiples of 64 KiB begins at those of 16 KiB, too; that seldom happens by chance.
  const likely = mapped.size >= MANY_MAPPINGS ? larger.slice(0, 1) : larger;
  const isShown = arch === "aarch64" && mapped.size > 0;
  return isShown ? [...likely, SMALLEST_PAGE] : [SMALLEST_PAGE, ...likely];
}

/** The start of the page of 4096 bytes that holds `address`. */
export function pageOf(address: number): number {
  return address - (address % SMALLEST_PAGE);
}
