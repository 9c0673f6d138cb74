import { ACTION_BITS, Action, type ActionBatch, LOST_FREE } from "./actions.ts";
import { BLOCK, type BlockTable } from "./blocks.ts";
import { CallerLifetimes, LIFETIMES } from "./caller-lifetimes.ts";
import { EVENTS_PER_BATCH } from "./columns.ts";
import type { EventBatch } from "./event.ts";
import { FEW_CALLS, LIMITS, type SiteLimits } from "./site-limits.ts";
import { hash, hasTagOf, isNear, SITE_MASK, withTagOf } from "./site-slots.ts";
import {
  ANY,
  ANY_CALLER,
  type PinnedBytes,
  type SiteTable,
  TEMPORARY_CALLS,
} from "./site-table.ts";

/** Cells of a site's row, which fills one cache line. Doubles: */
const CALLER = 0;
const SIZE = 1;
const CALLS = 3;
const VOLUME = 4;
/** bytes freed since the peak `EPOCH` that were live then */
const GONE = 5;
const STRIDE = 8;
/** Integers in the same row: */
const THREAD = 4;
/** number of the peak since which GONE counts; if it is not the last one, GONE is 0 */
const EPOCH = 14;
const TEMPORARY = 15;
const INTEGERS = 16;
const INITIAL_SITES = 256;
/** Up to this size the rows stay in the processor's cache anyway. */
const CACHED_BYTES = 2 ** 20;

/**
 * Who allocates: a row for each call site, requested size and thread. A block belongs to the call that allocated it or
 * last resized it. Memory is bounded: a log with too many different keys has rows that stand for many.
 *
 * What a site has live is summed over the live blocks when it is asked for. What it had live at the peak, which is known only
 * afterwards, are the blocks of that moment: those that are still live, and those freed since. So most frees change no row.
 */
export class AllocationSites {
  #rows = new Float64Array(INITIAL_SITES * STRIDE);
  /** the same rows */
  #integers = new Int32Array(this.#rows.buffer);
  #size = 0;
  /** sites by key: open addressing, linear probing; −1 = empty, at most half full */
  #slots = new Int32Array(INITIAL_SITES * 2).fill(-1);
  readonly #blocks: BlockTable;
  readonly #limits: SiteLimits;
  readonly lifetimes = new CallerLifetimes();
  /** by site: index of its caller */
  #callerIndexes = new Int32Array(INITIAL_SITES);
  /** allocations of each thread so far, modulo 2^32 */
  #allocations = new Int32Array(16);
  /** the same, up to the event whose site is being found */
  #met = new Uint32Array(16);
  /** new peaks of live bytes so far, of which each call of `count` has one at most */
  #peaks = Number.NaN;
  #peakBytes = Number.NaN;
  #liveBytes = Number.NaN;
  /** events so far, modulo 2^32 */
  #events = 0;
  /** of the allocations of a batch: hash of the key, then the site */
  readonly #sites = new Int32Array(EVENTS_PER_BATCH);
  /** sum of what was read ahead, as an integer: V8 would optimise an unused load away */
  #warmed = 0;

  constructor(blocks: BlockTable, limits: SiteLimits = LIMITS) {
    this.#blocks = blocks;
    this.#limits = limits;
    // NaN first: avoids a Smi-to-double deoptimization.
    this.#peaks = 0;
    this.#peakBytes = 0;
    this.#liveBytes = 0;
  }

  /** Becomes a copy of `from`, between two batches, with its own blocks. */
  copy(from: AllocationSites): void {
    this.#rows = from.#rows.slice();
    this.#integers = new Int32Array(this.#rows.buffer);
    this.#size = from.#size;
    this.#slots = from.#slots.slice();
    this.lifetimes.copy(from.lifetimes);
    this.#callerIndexes = from.#callerIndexes.slice();
    this.#allocations = from.#allocations.slice();
    this.#met = from.#met.slice();
    this.#peaks = from.#peaks;
    this.#peakBytes = from.#peakBytes;
    this.#liveBytes = from.#liveBytes;
    this.#events = from.#events;
  }

  get size(): number {
    return this.#size;
  }

  /** The caller of a site; ANY_CALLER if it stands for several. */
  callerOf(site: number): number {
    return this.#rows[site * STRIDE + CALLER]!;
  }

  /** Counts events from..to-1, which have just been applied to the blocks. `liveAfter`: live bytes after each event. */
  count(
    batch: EventBatch,
    out: ActionBatch,
    liveAfter: Float64Array,
    from: number,
    to: number,
  ): void {
    const first = this.#events - from;
    const peak = this.#peakOf(liveAfter, from, to);
    this.#enter(batch, out, from, to);
    // Fields in variables, and no calls: a loop of so few steps takes half as long then.
    const rows = this.#rows;
    const integers = this.#integers;
    const blocks = this.#blocks.integers;
    const allocations = this.#allocations;
    const callerIndexes = this.#callerIndexes;
    const lifetimes = this.lifetimes.counts;
    const sites = this.#sites;
    const { oldOwners } = this.#blocks;
    let peaks = this.#peaks;
    let live = this.#liveBytes;
    let lost = 0;
    for (let i = from; i < to; i++) {
      const block = out.block[i]! * BLOCK.integers;
      if (block >= 0) {
        const action = out.action[i]!;
        let gone = out.oldSize[i]!;
        if (action >= LOST_FREE) {
          const bytes = this.#blocks.lostBytes[lost++]!;
          this.#lose(out.lost[i]! * BLOCK.integers, bytes, i > peak, peaks);
          gone += bytes;
        }
        const plain = action & ACTION_BITS;
        if (plain > Action.pvalloc || plain === Action.realloc) {
          const site = ~blocks[block + BLOCK.site]!;
          blocks[block + BLOCK.site] = 0;
          if (i > peak && blocks[block + BLOCK.epoch] !== peaks) {
            this.#countGone(site, out.oldSize[i]!, peaks);
          }
          if (
            (allocations[oldOwners[i]!]! - blocks[block + BLOCK.born]!) >>> 0 <=
            TEMPORARY_CALLS
          ) {
            integers[site * INTEGERS + TEMPORARY]!++;
          }
          const lived = (first + i - blocks[block + BLOCK.event]!) | 1;
          lifetimes[callerIndexes[site]! * LIFETIMES + 31 - Math.clz32(lived)]!++;
        }
        if (plain <= Action.pvalloc) {
          const thread = out.thread[i]!;
          const site = sites[i]!;
          const row = site * STRIDE;
          blocks[block + BLOCK.site] = ~site;
          blocks[block + BLOCK.epoch] = peaks;
          blocks[block + BLOCK.event] = first + i;
          blocks[block + BLOCK.born] = ++allocations[thread]!;
          rows[row + CALLS]!++;
          // Not the requested size: that of a call which no process has memory for counts as 0.
          rows[row + VOLUME]! += liveAfter[i]! - live + gone;
        }
        live = liveAfter[i]!;
      }
      if (i === peak) {
        peaks = (peaks + 1) | 0;
      }
    }
    this.#peaks = peaks;
    this.#liveBytes = live;
    this.#events = (this.#events + to - from) | 0;
  }

  /** The last of the events that brings live bytes to a new peak; −1 if none does. */
  #peakOf(liveAfter: Float64Array, from: number, to: number): number {
    let peak = -1;
    for (let i = from; i < to; i++) {
      if (liveAfter[i]! > this.#peakBytes) {
        this.#peakBytes = liveAfter[i]!;
        peak = i;
      }
    }
    return peak;
  }

  /** Finds the sites of allocations from..to-1. */
  #enter(batch: EventBatch, out: ActionBatch, from: number, to: number): void {
    const sites = this.#sites;
    const isAhead = this.#rows.byteLength > CACHED_BYTES;
    if (isAhead) {
      this.#readAhead(batch, out, from, to);
    }
    for (let i = from; i < to; i++) {
      if (out.block[i]! < 0 || !returnsBlock(out.action[i]!)) {
        continue;
      }
      const caller = batch.caller[i]!;
      const size = batch.size[i]!;
      const thread = out.thread[i]!;
      if (thread >= this.#allocations.length) {
        this.#growThreads(thread);
      }
      const mixed = isAhead ? sites[i]! : hash(caller, size, thread);
      sites[i] = this.#siteOf(caller, size, thread, mixed);
    }
  }

  /** Loads the rows of sites into the cache: these loads overlap, those of a search wait for one another. */
  #readAhead(batch: EventBatch, out: ActionBatch, from: number, to: number): void {
    const sites = this.#sites;
    const slots = this.#slots;
    const rows = this.#rows;
    const mask = slots.length - 1;
    let sum = 0;
    for (let i = from; i < to; i++) {
      if (out.block[i]! < 0 || !returnsBlock(out.action[i]!)) {
        continue;
      }
      const mixed = hash(batch.caller[i]!, batch.size[i]!, out.thread[i]!);
      sites[i] = mixed;
      const slot = slots[mixed & mask]!;
      sum += hasTagOf(slot, mixed) ? rows[(slot & SITE_MASK) * STRIDE]! : 0;
    }
    this.#warmed = (this.#warmed + sum) | 0;
  }

  /** Removes a block, by the index of its row, whose free is missing: nothing shows how long it lived. */
  #lose(block: number, bytes: number, isAfterPeak: boolean, peaks: number): void {
    const blocks = this.#blocks.integers;
    if (isAfterPeak && blocks[block + BLOCK.epoch] !== peaks) {
      this.#countGone(~blocks[block + BLOCK.site]!, bytes, peaks);
    }
    blocks[block + BLOCK.site] = 0;
  }

  /** A block of the site that was live at the last peak is freed. */
  #countGone(site: number, bytes: number, peaks: number): void {
    if (this.#integers[site * INTEGERS + EPOCH] !== peaks) {
      this.#integers[site * INTEGERS + EPOCH] = peaks;
      this.#rows[site * STRIDE + GONE] = 0;
    }
    this.#rows[site * STRIDE + GONE]! += bytes;
  }

  /** The live bytes of each site. */
  liveBytes(): Float64Array {
    return this.#live(new Float64Array(this.#size)).liveBytes;
  }

  /** A copy of all sites. `pinned`: the blocks below which free memory lies, and how much of it is resident. */
  table(pinned: readonly PinnedBytes[] = []): SiteTable {
    const rows = this.#rows;
    const integers = this.#integers;
    const column = (of: (site: number) => number): Float64Array => {
      const values = new Float64Array(this.#size);
      for (let site = 0; site < values.length; site++) {
        values[site] = of(site);
      }
      return values;
    };
    const liveAtPeakBytes = column((site) =>
      integers[site * INTEGERS + EPOCH] === this.#peaks ? rows[site * STRIDE + GONE]! : 0,
    );
    const pinnedBytes = new Float64Array(this.#size);
    for (const { block, bytes } of pinned) {
      pinnedBytes[this.#blocks.siteOf(block)]! += bytes;
    }
    return {
      caller: column((site) => rows[site * STRIDE + CALLER]!),
      size: column((site) => rows[site * STRIDE + SIZE]!),
      thread: column((site) => integers[site * INTEGERS + THREAD]!),
      calls: column((site) => rows[site * STRIDE + CALLS]!),
      volumeBytes: column((site) => rows[site * STRIDE + VOLUME]!),
      ...this.#live(liveAtPeakBytes),
      pinnedBytes,
      temporaryCalls: column((site) => integers[site * INTEGERS + TEMPORARY]! >>> 0),
    };
  }

  /** Sums the live blocks. Adds those of the last peak to `liveAtPeakBytes`. */
  #live(
    liveAtPeakBytes: Float64Array,
  ): Pick<SiteTable, "liveBytes" | "liveBlocks" | "liveAtPeakBytes"> {
    const liveBytes = new Float64Array(this.#size);
    const liveBlocks = new Float64Array(this.#size);
    const { integers, idLimit } = this.#blocks;
    for (let block = 0; block < idLimit; block++) {
      const cell = block * BLOCK.integers;
      if (integers[cell + BLOCK.site] === 0) {
        continue;
      }
      const site = this.#blocks.siteOf(block);
      const bytes = this.#blocks.bytesOf(block);
      liveBytes[site]! += bytes;
      liveBlocks[site]!++;
      if (integers[cell + BLOCK.epoch] !== this.#peaks) {
        liveAtPeakBytes[site]! += bytes;
      }
    }
    return { liveBytes, liveBlocks, liveAtPeakBytes };
  }

  #siteOf(caller: number, size: number, thread: number, mixed: number): number {
    const { ofFewCalls, exact, anyThread, anySize } = this.#limits;
    const most = ++this.#met[thread]! <= FEW_CALLS ? Math.min(ofFewCalls, exact) : exact;
    let site = this.#find(caller, size, thread, mixed, most);
    if (site < 0) {
      site = this.#find(caller, size, ANY, hash(caller, size, ANY), anyThread);
    }
    if (site < 0) {
      site = this.#find(caller, ANY, ANY, hash(caller, ANY, ANY), anySize);
    }
    if (site < 0) {
      const mixedAny = hash(ANY_CALLER, ANY, ANY);
      site = this.#find(ANY_CALLER, ANY, ANY, mixedAny, Number.POSITIVE_INFINITY);
    }
    return site;
  }

  /** The site of the key, which is added if there are fewer than `limit` sites; −1 if it is not there. */
  #find(caller: number, size: number, thread: number, mixed: number, limit: number): number {
    const slots = this.#slots;
    const rows = this.#rows;
    const mask = slots.length - 1;
    for (let slot = mixed & mask; ; slot = (slot + 1) & mask) {
      const tagged = slots[slot]!;
      if (tagged < 0) {
        return this.#size < limit && isNear(slot, mixed, mask, limit)
          ? this.#add(slot, caller, size, thread, mixed)
          : -1;
      }
      if (!hasTagOf(tagged, mixed)) {
        continue;
      }
      const site = tagged & SITE_MASK;
      const row = site * STRIDE;
      if (
        rows[row + SIZE] === size &&
        rows[row + CALLER] === caller &&
        this.#integers[site * INTEGERS + THREAD] === thread
      ) {
        return site;
      }
    }
  }

  #add(slot: number, caller: number, size: number, thread: number, mixed: number): number {
    const site = this.#size++;
    this.#slots[slot] = withTagOf(site, mixed);
    this.#rows[site * STRIDE + CALLER] = caller;
    this.#rows[site * STRIDE + SIZE] = size;
    this.#integers[site * INTEGERS + THREAD] = thread;
    this.#callerIndexes[site] = this.lifetimes.indexOf(caller);
    if (this.#size * STRIDE === this.#rows.length) {
      this.#grow();
    }
    return site;
  }

  #growThreads(thread: number): void {
    const met = new Uint32Array(Math.max(thread + 1, this.#met.length * 2));
    met.set(this.#met);
    this.#met = met;
    const allocations = new Int32Array(Math.max(thread + 1, this.#allocations.length * 2));
    allocations.set(this.#allocations);
    this.#allocations = allocations;
  }

  #grow(): void {
    const rows = new Float64Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
    this.#integers = new Int32Array(rows.buffer);
    const callerIndexes = new Int32Array(this.#callerIndexes.length * 2);
    callerIndexes.set(this.#callerIndexes);
    this.#callerIndexes = callerIndexes;
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let site = 0; site < this.#size; site++) {
      const thread = this.#integers[site * INTEGERS + THREAD]!;
      const row = site * STRIDE;
      const mixed = hash(rows[row + CALLER]!, rows[row + SIZE]!, thread);
      let slot = mixed & mask;
      while (slots[slot]! >= 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = withTagOf(site, mixed);
    }
    this.#slots = slots;
  }
}

/** Of the actions with a block, the others free it. */
function returnsBlock(action: number): boolean {
  return (action & ACTION_BITS) <= Action.pvalloc;
}
