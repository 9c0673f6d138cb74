import { chunkBytes } from "./slab-classes.ts";

/** Larger gaps are not counted: the two blocks are not neighbours. */
const MAX_GAP = 256;

/** Bytes that valgrind adds to a block rounded up to 16: without and with red zones of 16 bytes on both sides. */
const ADMIN_BYTES = 32;
const RED_ZONE_BYTES = 64;

/** Counts distances between blocks that consecutive calls returned. */
export class BlockSpacing {
  /** pairs of neighbours, the upper one allocated right after the lower one */
  pairs = 0;
  /** of these, as far apart as glibc's chunks */
  chunks = 0;
  /** as valgrind's blocks without red zones: requests that end in the first and in the second half of 16 bytes */
  readonly admin: [number, number] = [0, 0];
  /** the same with red zones */
  readonly redZones: [number, number] = [0, 0];
  #pointer = Number.POSITIVE_INFINITY;
  #bytes = 0;

  /** A call returned `pointer` for a new block of `bytes`, 1 or more. */
  allocated(pointer: number, bytes: number): void {
    const distance = pointer - this.#pointer;
    const rounded = Math.ceil(this.#bytes / 16) * 16;
    if (distance > 0 && distance <= rounded + MAX_GAP) {
      this.pairs++;
      this.#count(distance, rounded);
    }
    this.#pointer = pointer;
    this.#bytes = bytes;
  }

  /** The next block follows calls that are not known. */
  restart(): void {
    this.#pointer = Number.POSITIVE_INFINITY;
  }

  #count(distance: number, rounded: number): void {
    const half = rounded - this.#bytes >= 8 ? 0 : 1;
    if (distance === chunkBytes(this.#bytes)) {
      this.chunks++;
    } else if (distance === rounded + ADMIN_BYTES) {
      this.admin[half]++;
    } else if (distance === rounded + RED_ZONE_BYTES) {
      this.redZones[half]++;
    }
  }
}
