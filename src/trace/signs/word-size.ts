import { type EventColumns, Op } from "../event.ts";

/** Events of a batch, as far as they are filled in. */
type Events = EventColumns & { readonly length: number };

/** What shows that a 32-bit process wrote the log. */
export interface ShortWords {
  /** number of a line that shows it, 1-based */
  readonly line: number;
  /** the pointer that the line's call returned */
  readonly pointer: number;
  /**
   * it is a multiple of 16 plus 8; it lies directly above a block that would end later in a 64-bit process; or it is the
   * first one, and lies where only a 32-bit process has its first block
   */
  readonly shows: "alignment" | "spacing" | "place";
}

/** Blocks that must show it: a corrupt line or a lost free may do so once. */
const MUST_SHOW = 16;
/** So many of the blocks that could show it must do so. In a 32-bit process these are half of all, or a quarter. */
const MIN_SHARE = 1 / 16;

/** Page offsets of an i386 process's first block: above the tcache, in glibc 2.26 to 2.29 and since 2.30. */
const FIRST_BLOCKS: readonly number[] = [0x160, 0x1a0];
/** Where Linux puts a 32-bit program with its heap; and mappings. From, to. */
const PROGRAM = [
  [0x08000000, 0x0c000000],
  [0x56000000, 0x5a000000],
] as const;
const RANGES = [...PROGRAM, [0xe0000000, 0x100000000]] as const;

/**
 * Looks for a 32-bit process in the log's first batches: its chunks have a header of 4 bytes (SIZE_SZ), so that blocks
 * lie closer together than in a 64-bit process, and up to glibc 2.25 not at multiples of 16. Null: it is not one, or
 * nothing shows it. Addresses below 2^32 alone say nothing: a hook may have cut them. Blocks of one size may have the
 * same distances in both kinds of process; then all addresses must lie where a 32-bit process has them.
 */
export function shortWords(batches: readonly Events[]): ShortWords | null {
  const spacing = new Spacing();
  let blocks = 0;
  let misaligned = 0;
  let isInRanges = true;
  let first: ShortWords | null = null;
  let firstBlock: ShortWords | null = null;
  for (const batch of batches) {
    for (let i = 0; i < batch.length; i++) {
      const pointer = batch.pointerOut[i]!;
      if (Math.max(pointer, batch.pointerIn[i]!, batch.caller[i]!) >= 2 ** 32) {
        return null;
      }
      spacing.follow(batch, i);
      isInRanges &&= isInRange(pointer) && isInRange(batch.caller[i]!);
      if (pointer === 0) {
        continue;
      }
      blocks++;
      firstBlock ??= { line: batch.line[i]!, pointer, shows: "place" };
      if (pointer % 16 === 8) {
        misaligned++;
        first ??= { line: batch.line[i]!, pointer, shows: "alignment" };
      }
    }
  }
  if (misaligned >= MUST_SHOW && misaligned >= blocks * MIN_SHARE) {
    return first;
  }
  const { closer, adjacent } = spacing;
  if (closer >= MUST_SHOW && closer >= adjacent * MIN_SHARE) {
    return spacing.first;
  }
  return isInRanges && spacing.isComplete && isFirstBlock(firstBlock?.pointer ?? 0)
    ? firstBlock
    : null;
}

/** True where a 32-bit process may have memory; 0 stands for no address. */
function isInRange(address: number): boolean {
  return address === 0 || isIn(RANGES, address);
}

function isFirstBlock(pointer: number): boolean {
  return isIn(PROGRAM, pointer) && FIRST_BLOCKS.includes(pointer % 4096);
}

function isIn(ranges: readonly (readonly [number, number])[], address: number): boolean {
  return ranges.some(([from, to]) => address >= from && address < to);
}

/** Counts blocks directly above a live block. */
class Spacing {
  /** blocks directly above another, by the chunk sizes of a 32-bit or a 64-bit process */
  adjacent = 0;
  /** of these, blocks where a 64-bit process has the end of the block below */
  closer = 0;
  first: ShortWords | null = null;
  /** all blocks freed or resized were allocated before, so the log began with the process */
  isComplete = true;
  /** sizes of live blocks, by pointer */
  readonly #sizes = new Map<number, number>();
  /** where live blocks' chunks end, relative to the block, by the rules of a 32-bit process where these differ */
  readonly #shortEnds = new Map<number, number>();
  readonly #ends = new Map<number, number>();

  follow({ op, pointerIn, pointerOut, size, line }: Events, i: number): void {
    if (op[i] === Op.free || op[i] === Op.realloc) {
      this.isComplete &&= pointerIn[i] === 0 || this.#sizes.has(pointerIn[i]!);
      this.#forget(pointerIn[i]!);
    }
    const pointer = pointerOut[i]!;
    if (pointer === 0) {
      return;
    }
    this.#forget(pointer);
    if (this.#shortEnds.has(pointer)) {
      this.closer++;
      this.first ??= { line: line[i]!, pointer, shows: "spacing" };
    }
    if (this.#shortEnds.has(pointer) || this.#ends.has(pointer)) {
      this.adjacent++;
    }
    const bytes = size[i]!;
    this.#sizes.set(pointer, bytes);
    add(this.#ends, pointer + chunkBytes(bytes, 8, 32), 1);
    if (chunkBytes(bytes, 4, 16) < chunkBytes(bytes, 8, 32)) {
      add(this.#shortEnds, pointer + chunkBytes(bytes, 4, 16), 1);
    }
  }

  #forget(pointer: number): void {
    const bytes = this.#sizes.get(pointer);
    if (bytes === undefined) {
      return;
    }
    this.#sizes.delete(pointer);
    add(this.#ends, pointer + chunkBytes(bytes, 8, 32), -1);
    if (chunkBytes(bytes, 4, 16) < chunkBytes(bytes, 8, 32)) {
      add(this.#shortEnds, pointer + chunkBytes(bytes, 4, 16), -1);
    }
  }
}

/** request2size (ptmalloc2.md §1) with a header of `header` bytes, alignment to 16, and chunks of at least `least`. */
function chunkBytes(bytes: number, header: number, least: number): number {
  return Math.max(least, Math.ceil((bytes + header) / 16) * 16);
}

/** Adds to a count that is absent while 0. */
function add(counts: Map<number, number>, key: number, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) {
    counts.delete(key);
  } else {
    counts.set(key, count);
  }
}
