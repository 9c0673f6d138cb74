import { Action, type ActionBatch, LOST_FREE } from "../trace/actions.ts";
import { EVENTS_PER_BATCH, type EventBatch } from "../trace/event.ts";
import type { TouchPolicy } from "./scenario.ts";

/** Of each event's block, the bytes from..to-1 that the program is taken to write after the call; equal: none. */
export class TouchBatch {
  readonly from = new Float64Array(EVENTS_PER_BATCH);
  readonly to = new Float64Array(EVENTS_PER_BATCH);
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Blocks above this size are the ones a ratio scales: smaller ones share their pages with others. */
const RATIO_FROM_BYTES = 32 * KIB;

/**
 * What the program writes of its blocks is not in a log. The policies, and the facts of the default one, are those of
 * `research/touch.md` §4: properties of well-known libraries, but for the pools of 16, 32 and 64 KiB counted half,
 * which is a mean over programs.
 */
export class Touch {
  readonly #policy: TouchPolicy;
  /** bytes written so far from a block's start, by block id */
  #written = new Float64Array(1024);
  readonly #taskQueues = new HotspotCallers();

  constructor(policy: TouchPolicy) {
    this.#policy = policy;
  }

  /** Bytes of live block `block` taken to be written. */
  writtenOf(block: number): number {
    return this.#written[block] ?? 0;
  }

  fill(batch: EventBatch, actions: ActionBatch, out: TouchBatch): void {
    for (let i = 0; i < batch.length; i++) {
      out.from[i] = 0;
      out.to[i] = 0;
      const action = actions.action[i]! & ~LOST_FREE;
      if (action === Action.none || action >= Action.free) continue;
      const block = actions.block[i]!;
      if (block >= this.#written.length) this.#grow(block);
      const size = batch.size[i]!;
      const isRealloc = action === Action.realloc;
      const before = isRealloc ? this.#written[block]! : 0;
      const to = isRealloc
        ? this.#afterRealloc(actions.oldSize[i]!, size)
        : this.#afterAllocation(action, size, batch.caller[i]!);
      // A block the program grows was full, and stays so (touch.md §1).
      out.from[i] = Math.min(before, to);
      out.to[i] = to;
      this.#written[block] = to;
    }
  }

  #afterAllocation(action: number, size: number, caller: number): number {
    const policy = this.#policy;
    if (policy === "all") return size;
    if (policy === "none") return 0;
    if (action === Action.malloc) {
      const known = this.#known(size, caller, policy === "facts");
      if (known >= 0) return known;
    }
    if (policy === "facts" || size <= RATIO_FROM_BYTES) return size;
    return size * policy.ratio;
  }

  #afterRealloc(oldSize: number, size: number): number {
    const policy = this.#policy;
    if (policy === "none") return 0;
    if (typeof policy === "string" || size <= RATIO_FROM_BYTES) return size;
    return Math.max(Math.min(oldSize, size), size * policy.ratio);
  }

  /** Bytes written of a malloc that a known library makes; −1 if none is known. */
  #known(size: number, caller: number, withPools: boolean): number {
    if (this.#taskQueues.note(caller, size)) return 1;
    switch (size) {
      // libstdc++'s emergency pool for exceptions, made at start and never used in practice
      case 72704:
      case 73728:
        return 0;
      // opendir's buffer, 32 KiB and a header; directories are small
      case 32816:
        return 2 * KIB;
      // pools and buffers of exactly these sizes are on average half full
      case 16 * KIB:
      case 32 * KIB:
      case 64 * KIB:
        return withPools ? size / 2 : -1;
      default:
        return -1;
    }
  }

  #grow(block: number): void {
    const grown = new Float64Array(Math.max(block + 1, this.#written.length * 2));
    grown.set(this.#written);
    this.#written = grown;
  }
}

/** Chunk sizes of HotSpot's Arena: one caller that asks for all three is os::malloc of a JVM. */
const ARENA_SIZES = [232, 1000, 32744];
const ALL_ARENA_SIZES = 0b111;
/** callers watched at most: programs have few that ask for these very sizes */
const MAX_CALLERS = 64;

/** GC task queues: powers of two from 1 MiB up, of which a JVM writes the first page (touch.md §4 rule 2). */
class HotspotCallers {
  readonly #callers = new Float64Array(MAX_CALLERS);
  readonly #seen = new Uint8Array(MAX_CALLERS);
  #count = 0;

  /** Notes one malloc; true if it is a task queue. */
  note(caller: number, size: number): boolean {
    const bit = ARENA_SIZES.indexOf(size);
    if (bit >= 0) this.#watch(caller, 1 << bit);
    return size >= MIB && Number.isInteger(Math.log2(size)) && this.#isHotspot(caller);
  }

  #watch(caller: number, bit: number): void {
    let at = this.#indexOf(caller);
    if (at < 0) {
      if (this.#count === MAX_CALLERS) return;
      at = this.#count++;
      this.#callers[at] = caller;
    }
    this.#seen[at]! |= bit;
  }

  #isHotspot(caller: number): boolean {
    const at = this.#indexOf(caller);
    return at >= 0 && this.#seen[at] === ALL_ARENA_SIZES;
  }

  #indexOf(caller: number): number {
    for (let at = 0; at < this.#count; at++) if (this.#callers[at] === caller) return at;
    return -1;
  }
}
