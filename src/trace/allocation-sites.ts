import { Action, type ActionBatch, LOST_FREE, withoutLostFree } from "./actions.ts";
import { BLOCK, type BlockTable } from "./blocks.ts";
import { CallerLifetimes } from "./caller-lifetimes.ts";
import { EVENTS_PER_BATCH } from "./columns.ts";
import type { EventBatch } from "./event.ts";
import { FEW_CALLS, LIMITS, type SiteLimits } from "./site-limits.ts";
import { ANY, ANY_CALLER, type SiteTable, TEMPORARY_CALLS } from "./site-table.ts";

/** Cells of a site's row, which fills one cache line. Doubles: */
const CALLER = 0;
const SIZE = 1;
const CALLS = 3;
const VOLUME = 4;
const LIVE_BYTES = 5;
const AT_PEAK = 6;
const STRIDE = 8;
/** Integers in the same row: */
const THREAD = 4;
const LIVE_BLOCKS = 5;
/** the peak of which AT_PEAK is known; if it is not the last one, nothing of the site has changed since that */
const EPOCH = 14;
const TEMPORARY = 15;
const INTEGERS = 16;
const INITIAL_SITES = 256;
/** Up to this size the rows stay in the processor's cache anyway. */
const CACHED_BYTES = 2 ** 20;

/** A site that would lie farther from its slot than this is not added: made-up keys cannot make the search long. */
const MAX_DISTANCE = 64;

/**
 * Who allocates: a row for each call site, requested size and thread. A block belongs to the call that allocated it or
 * last resized it. Memory is bounded: a log with too many different keys has rows that stand for many.
 *
 * What a site had live at the peak is known only afterwards, and a growing process has one new peak after the other. So a row
 * keeps its value of the last peak only when it changes: a value that has not changed since is the same still.
 */
export class AllocationSites {
  #rows = new Float64Array(INITIAL_SITES * STRIDE);
  /** the same rows */
  #integers = new Int32Array(this.#rows.buffer);
  #size = 0;
  /** rows by key: open addressing, linear probing; −1 = empty, at most half full */
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
          this.#lose(this.#blocks.siteOf(out.lost[i]!), bytes, peaks);
          gone += bytes;
        }
        if (isEnd(action)) {
          const site = blocks[block + BLOCK.site]!;
          const row = site * STRIDE;
          const cell = site * INTEGERS;
          if (integers[cell + EPOCH] !== peaks) {
            integers[cell + EPOCH] = peaks;
            rows[row + AT_PEAK] = rows[row + LIVE_BYTES]!;
          }
          rows[row + LIVE_BYTES]! -= out.oldSize[i]!;
          integers[cell + LIVE_BLOCKS]!--;
          const later =
            allocations[blocks[block + BLOCK.siteOwner]!]! - blocks[block + BLOCK.born]!;
          if (later >>> 0 <= TEMPORARY_CALLS) {
            integers[cell + TEMPORARY]!++;
          }
          this.lifetimes.count(
            this.#callerIndexes[site]!,
            first + i - blocks[block + BLOCK.event]!,
          );
        }
        if (returnsBlock(action)) {
          const thread = out.thread[i]!;
          const site = this.#sites[i]!;
          const row = site * STRIDE;
          const cell = site * INTEGERS;
          blocks[block + BLOCK.site] = site;
          blocks[block + BLOCK.siteOwner] = thread;
          blocks[block + BLOCK.event] = first + i;
          blocks[block + BLOCK.born] = ++allocations[thread]!;
          if (integers[cell + EPOCH] !== peaks) {
            integers[cell + EPOCH] = peaks;
            rows[row + AT_PEAK] = rows[row + LIVE_BYTES]!;
          }
          // Not the requested size: that of a call which no process has memory for counts as 0.
          const bytes = liveAfter[i]! - live + gone;
          rows[row + CALLS]!++;
          rows[row + VOLUME]! += bytes;
          rows[row + LIVE_BYTES]! += bytes;
          integers[cell + LIVE_BLOCKS]!++;
        }
        live = liveAfter[i]!;
      }
      if (i === peak) {
        peaks++;
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
    const blocks = this.#blocks.integers;
    const mask = slots.length - 1;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const block = out.block[i]!;
      if (block < 0) {
        continue;
      }
      let site = 0;
      if (!returnsBlock(out.action[i]!)) {
        site = blocks[block * BLOCK.integers + BLOCK.site]!;
      } else {
        const mixed = hash(batch.caller[i]!, batch.size[i]!, out.thread[i]!);
        sites[i] = mixed;
        site = slots[mixed & mask]!;
      }
      sum += site < 0 ? 0 : rows[site * STRIDE]!;
    }
    this.#warmed = (this.#warmed + sum) | 0;
  }

  /** Removes a block whose free is missing: nothing shows how long it lived. */
  #lose(site: number, bytes: number, peaks: number): void {
    if (this.#integers[site * INTEGERS + EPOCH] !== peaks) {
      this.#integers[site * INTEGERS + EPOCH] = peaks;
      this.#rows[site * STRIDE + AT_PEAK] = this.#rows[site * STRIDE + LIVE_BYTES]!;
    }
    this.#rows[site * STRIDE + LIVE_BYTES]! -= bytes;
    this.#integers[site * INTEGERS + LIVE_BLOCKS]!--;
  }

  /** A copy of all sites. */
  table(): SiteTable {
    const column = (of: (site: number) => number): Float64Array => {
      const values = new Float64Array(this.#size);
      for (let site = 0; site < values.length; site++) {
        values[site] = of(site);
      }
      return values;
    };
    const rows = this.#rows;
    const integers = this.#integers;
    const double = (cell: number) => column((site) => rows[site * STRIDE + cell]!);
    const integer = (cell: number) => column((site) => integers[site * INTEGERS + cell]!);
    return {
      caller: double(CALLER),
      size: double(SIZE),
      thread: integer(THREAD),
      calls: double(CALLS),
      volumeBytes: double(VOLUME),
      liveBytes: double(LIVE_BYTES),
      liveBlocks: integer(LIVE_BLOCKS),
      liveAtPeakBytes: column((site) => {
        const isOfLastPeak = integers[site * INTEGERS + EPOCH] === this.#peaks;
        return rows[site * STRIDE + (isOfLastPeak ? AT_PEAK : LIVE_BYTES)]!;
      }),
      temporaryCalls: column((site) => integers[site * INTEGERS + TEMPORARY]! >>> 0),
    };
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
      const site = slots[slot]!;
      if (site < 0) {
        return this.#size < limit && isNear(slot, mixed, mask, limit)
          ? this.#add(slot, caller, size, thread)
          : -1;
      }
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

  #add(slot: number, caller: number, size: number, thread: number): number {
    const site = this.#size++;
    this.#slots[slot] = site;
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
      let slot = hash(rows[row + CALLER]!, rows[row + SIZE]!, thread) & mask;
      while (slots[slot]! >= 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = site;
    }
    this.#slots = slots;
  }
}

/** Of the actions with a block, the others free it. */
function returnsBlock(action: number): boolean {
  return withoutLostFree(action) <= Action.pvalloc;
}

/** A free, or a realloc. */
function isEnd(action: number): boolean {
  const plain = withoutLostFree(action);
  return plain > Action.pvalloc || plain === Action.realloc;
}

/** The one site without a limit may lie anywhere. */
function isNear(slot: number, mixed: number, mask: number, limit: number): boolean {
  return ((slot - mixed) & mask) < MAX_DISTANCE || limit === Number.POSITIVE_INFINITY;
}

/** Callers may differ in their high half only: return addresses in libraries that lie far apart. */
function hash(caller: number, size: number, thread: number): number {
  const high = (caller * 2 ** -32) | 0;
  let mixed =
    Math.imul(caller | 0, 0x9e3779b1) ^
    Math.imul(size | 0, 0x85ebca6b) ^
    Math.imul(thread ^ (high << 16), 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
