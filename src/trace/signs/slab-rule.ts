import { chunkBytes, MAX_SLOT_REQUEST, type SlotBytes } from "./slab-classes.ts";

/** Windows kept at once. A power of two. */
const WINDOWS = 1024;

/** By the function that they hold the values of. */
const tables = new Map<SlotBytes, Uint16Array>();

/** Values up to MAX_SLOT_REQUEST + 1, computed once and never changed. */
function tableOf(key: SlotBytes, entry: SlotBytes): Uint16Array {
  const known = tables.get(key);
  if (known !== undefined) {
    return known;
  }
  const table = Uint16Array.from({ length: MAX_SLOT_REQUEST + 2 }, (_, bytes) => entry(bytes));
  tables.set(key, table);
  return table;
}

const IS_SEEN = 1;
const IS_ACROSS = 2;

/**
 * Tests whether memory is divided into slabs: in a window, an aligned part of a slab, all blocks have the same slot size,
 * and their distances are multiples of it. Each block is compared with the last one in its window.
 *
 * The rule does not depend on which blocks are live, so lost lines, a late start and lines in another order do not break
 * it; nor do pointers cut to 32 bits.
 */
export class SlabRule {
  /** pairs that keep the rule and that glibc's chunks do not explain */
  kept = 0;
  /** pairs that break the rule, as glibc's do where sizes are mixed */
  broken = 0;
  /** pairs counted in `kept`, both blocks live, that lie closer together than chunks with headers can */
  close = 0;
  /** windows with a pair counted in `kept` */
  windows = 0;
  /** pairs whose blocks lie in different pages of 4096 bytes: all that keep the rule, and those counted in `broken` */
  keptAcross = 0;
  brokenAcross = 0;
  /** by slot size: IS_SEEN, IS_ACROSS */
  readonly #seen = new Uint8Array(2 * MAX_SLOT_REQUEST);
  readonly #windowShift: number;
  readonly #offsetBits: number;
  /** by requested bytes; 0 for larger requests, whose slots are unknown but none of a smaller request's */
  readonly #slotBytes: Uint16Array;
  readonly #chunkBytes: Uint16Array;
  /** addresses of the windows */
  readonly #window = new Float64Array(WINDOWS).fill(-1);
  readonly #pointer = new Float64Array(WINDOWS);
  /** requested bytes of the block, at most MAX_SLOT_REQUEST + 1 */
  readonly #bytes = new Uint16Array(WINDOWS);
  readonly #isLive = new Uint8Array(WINDOWS);
  readonly #isCounted = new Uint8Array(WINDOWS);

  /** `windowBytes` is a power of two, 16 to 2^30. */
  constructor(slotBytes: SlotBytes, windowBytes: number) {
    this.#windowShift = Math.log2(windowBytes);
    this.#offsetBits = windowBytes - 1;
    this.#slotBytes = tableOf(slotBytes, (bytes) =>
      bytes > 0 && bytes <= MAX_SLOT_REQUEST ? slotBytes(bytes) : 0,
    );
    this.#chunkBytes = tableOf(chunkBytes, chunkBytes);
  }

  /** slot sizes of all pairs that keep the rule */
  get classes(): number {
    return this.#seen.reduce((sum, seen) => sum + (seen & IS_SEEN ? 1 : 0), 0);
  }

  /** slot sizes of the pairs counted in `keptAcross` */
  get classesAcross(): number {
    return this.#seen.reduce((sum, seen) => sum + (seen & IS_ACROSS ? 1 : 0), 0);
  }

  /** A call returned `pointer` for a new block of `bytes`, 1 or more. */
  allocated(pointer: number, bytes: number): void {
    const window = pointer - (pointer & this.#offsetBits);
    const at = (pointer >>> this.#windowShift) & (WINDOWS - 1);
    const request = Math.min(bytes, MAX_SLOT_REQUEST + 1);
    if (this.#window[at] !== window) {
      this.#window[at] = window;
      this.#isCounted[at] = 0;
    } else if (this.#pointer[at] !== pointer) {
      this.#compare(at, pointer, request);
    }
    this.#pointer[at] = pointer;
    this.#bytes[at] = request;
    this.#isLive[at] = 1;
  }

  freed(pointer: number): void {
    const window = pointer - (pointer & this.#offsetBits);
    const at = (pointer >>> this.#windowShift) & (WINDOWS - 1);
    if (this.#window[at] === window && this.#pointer[at] === pointer) {
      this.#isLive[at] = 0;
    }
  }

  /** The next block follows calls that are not known. */
  restart(): void {
    this.#window.fill(-1);
  }

  /** Compares a block with the last one of the window. */
  #compare(at: number, pointer: number, request: number): void {
    const other = this.#pointer[at]!;
    const otherRequest = this.#bytes[at]!;
    const slot = this.#slotBytes[request]!;
    const otherSlot = this.#slotBytes[otherRequest]!;
    if (slot === 0 && otherSlot === 0) {
      return;
    }
    const isAcross = pointer >>> 12 !== other >>> 12;
    // Less than a window: an integer of 32 bits, whose remainder is fast.
    const distance = Math.abs(pointer - other) | 0;
    if (slot !== otherSlot || distance % slot !== 0) {
      this.broken++;
      this.brokenAcross += isAcross ? 1 : 0;
      return;
    }
    this.keptAcross += isAcross ? 1 : 0;
    this.#seen[slot]! |= isAcross ? IS_SEEN | IS_ACROSS : IS_SEEN;
    const lower = this.#chunkBytes[pointer < other ? request : otherRequest]!;
    const isClose = distance < lower && this.#isLive[at] === 1;
    if (isClose || (slot >= 32 && distance % this.#chunkBytes[request]! !== 0)) {
      this.kept++;
      this.close += isClose ? 1 : 0;
      this.windows += 1 - this.#isCounted[at]!;
      this.#isCounted[at] = 1;
    }
  }
}
