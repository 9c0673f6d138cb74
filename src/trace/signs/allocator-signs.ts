import { EVENTS_PER_BATCH } from "../columns.ts";
import { type EventBatch, Op } from "../event.ts";
import { CUT_MODULUS, isAmongMappings } from "./address-space.ts";
import { BlockSpacing } from "./block-spacing.ts";
import { eighthClasses, MAX_UNIT_REQUEST, quarterClasses, unitClasses } from "./slab-classes.ts";
import { SlabRule } from "./slab-rule.ts";

/**
 * The first batches are read in full, some 65,000 events, or fewer where so many pairs of blocks break the rules; of those
 * that follow, one in SAMPLED.
 */
const READ = 2 ** 16 / EVENTS_PER_BATCH;
const SAMPLED = 16;
const ENOUGH_BROKEN = 512;

/** The area in which mimalloc asks the kernel for its memory, in bytes: from 2 TiB to 30 TiB (MI_HINT_BASE, MI_HINT_MAX). */
const HINT_BASE = 2 * 2 ** 40;
const HINT_MAX = 30 * 2 ** 40;

/**
 * Collects signs that the log's blocks are not glibc's. Memory is constant, and a call takes constant time. Aligned blocks
 * are left out: their place depends on the alignment.
 */
export class AllocatorSigns {
  blocks = 0;
  /** blocks above 2^32: the log's pointers are not cut */
  whole = 0;
  /** blocks in the area that mimalloc prefers */
  hinted = 0;
  /** blocks where the kernel places mappings, as jemalloc's are; the break is elsewhere */
  mapped = 0;
  /** slabs of pages of 4 KiB */
  readonly jemalloc = new SlabRule(quarterClasses, 4096);
  /** spans of pages of 8 KiB */
  readonly tcmalloc = new SlabRule(eighthClasses, 8192);
  /** pages of 64 KiB */
  readonly mimalloc = new SlabRule(quarterClasses, 65536);
  /** groups, some of them shorter than a page: small blocks only, as a group may lie in a slot between larger blocks */
  readonly musl = new SlabRule(unitClasses, 256);
  readonly spacing = new BlockSpacing();
  #batches = 0;

  /** Reads the next batch, in the order of the log. */
  read(batch: EventBatch): void {
    this.#batches++;
    if (this.#batches > READ || this.#noRuleHolds) {
      if (this.#batches % SAMPLED !== 0) {
        return;
      }
      this.#restart();
    }
    const { op, pointerIn, pointerOut, size, length } = batch;
    for (let i = 0; i < length; i++) {
      const kind = op[i]!;
      const pointer = pointerOut[i]!;
      if (kind === Op.free || (kind === Op.realloc && pointerIn[i] !== pointer)) {
        this.#freed(pointerIn[i]!);
      }
      if (kind <= Op.realloc && pointer !== 0 && pointer !== pointerIn[i] && size[i]! > 0) {
        this.#allocated(pointer, size[i]!);
      }
    }
  }

  /** True if many pairs of blocks were compared, and most break each rule: a name needs nearly all to keep one. */
  get #noRuleHolds(): boolean {
    const { jemalloc, tcmalloc, mimalloc, musl, spacing } = this;
    const { pairs, admin, redZones } = spacing;
    return (
      jemalloc.broken >= ENOUGH_BROKEN &&
      [jemalloc, tcmalloc, mimalloc, musl].every(({ kept, broken }) => kept <= broken) &&
      [admin, redZones].every(([first, second]) => (first + second) * 2 <= pairs)
    );
  }

  /** The calls before the next ones were not read. */
  #restart(): void {
    this.spacing.restart();
    this.jemalloc.restart();
    this.tcmalloc.restart();
    this.mimalloc.restart();
    this.musl.restart();
  }

  #allocated(pointer: number, bytes: number): void {
    this.blocks++;
    this.whole += pointer >= CUT_MODULUS ? 1 : 0;
    this.hinted += pointer >= HINT_BASE && pointer < HINT_MAX ? 1 : 0;
    this.mapped += isAmongMappings(pointer) ? 1 : 0;
    this.spacing.allocated(pointer, bytes);
    this.jemalloc.allocated(pointer, bytes);
    this.tcmalloc.allocated(pointer, bytes);
    this.mimalloc.allocated(pointer, bytes);
    if (bytes <= MAX_UNIT_REQUEST) {
      this.musl.allocated(pointer, bytes);
    }
  }

  #freed(pointer: number): void {
    if (pointer !== 0) {
      this.jemalloc.freed(pointer);
      this.tcmalloc.freed(pointer);
      this.mimalloc.freed(pointer);
      this.musl.freed(pointer);
    }
  }
}
