import { Drift, roomFor, withRoom } from "./drift";

/**
 * The latest place in the new order of what concerns each thread, and each block. The log gives a block's id again as soon as the
 * block is freed; in another order that free may come later than the allocation that has the id next, so each block there has a
 * name of its own while it lives.
 */

@unmanaged
export class ThreadPlace {
  /** 0: it has no call yet; below 0: the place of its end with the sign changed, a later call is of another with its tid */
  place: f64;
  /** events by which it lags in a stretch of the log */
  lag: i32;
  /** 1 + number of that stretch */
  stretch: i32;
}

const THREAD_BYTES: usize = offsetof<ThreadPlace>();

export function threadPlace(d: Drift, thread: i32): ThreadPlace {
  if (thread >= d.threadRoom) {
    d.threads = withRoom(d.threads, d.threadRoom, thread, THREAD_BYTES);
    d.threadRoom = roomFor(d.threadRoom, thread);
  }
  return changetype<ThreadPlace>(d.threads + <usize>thread * THREAD_BYTES);
}

/** Returns the lag of a thread where the log has event number `event`, in events. */
export function lagOf(d: Drift, row: ThreadPlace, thread: i32, event: f64): i32 {
  const stretch = <i32>(event / <f64>d.events);
  if (row.stretch !== stretch + 1) {
    row.stretch = stretch + 1;
    row.lag = <i32>(randomPart(d.seed, thread, stretch) * <f64>d.events);
  }
  return row.lag;
}

/** The latest block that has an id in the log. */
@unmanaged
export class BlockPlace {
  /** 0: nothing has concerned it */
  place: f64;
  /** 1 + its name; 0: the id itself, as the block is older than the order */
  named: i32;
}

const BLOCK_BYTES: usize = offsetof<BlockPlace>();

export function blockPlace(d: Drift, id: i32): BlockPlace {
  if (id >= d.blockRoom) {
    d.blocks = withRoom(d.blocks, d.blockRoom, id, BLOCK_BYTES);
    d.blockRoom = roomFor(d.blockRoom, id);
  }
  return changetype<BlockPlace>(d.blocks + <usize>id * BLOCK_BYTES);
}

/** Returns the name of the live block that the log calls `id`. */
export function nameOf(d: Drift, id: i32): i32 {
  const named = blockPlace(d, id).named;
  return named === 0 ? id : named - 1;
}

/** Returns a name for a new block. */
export function newName(d: Drift): i32 {
  if (d.unusedCount === 0) {
    return d.nextName++;
  }
  d.unusedCount--;
  return load<i32>(d.unusedNames + ((<usize>d.unusedCount) << 2));
}

/** The block is freed: a later one may have its name. */
export function releaseName(d: Drift, name: i32): void {
  if (d.unusedCount === d.unusedRoom) {
    d.unusedNames = withRoom(d.unusedNames, d.unusedRoom, d.unusedCount, 4);
    d.unusedRoom = roomFor(d.unusedRoom, d.unusedCount);
  }
  store<i32>(d.unusedNames + ((<usize>d.unusedCount) << 2), name);
  d.unusedCount++;
}

/** Returns a number from 0 up to, but not, 1 that looks random, but is the same for the same arguments. */
function randomPart(seed: i32, thread: i32, stretch: i32): f64 {
  return <f64>mixed(stretch, mixed(thread, mixed(seed, 0x811c9dc5))) / 4294967296;
}

/** Mixes the bits of a number into a hash of 32 bits: a multiplication carries them up, and a shift down. */
function mixed(part: i32, hash: u32): u32 {
  let bits: u32 = (hash ^ <u32>part) * 0x01000193;
  bits = (bits ^ (bits >> 15)) * 0x2c1b3c6d;
  return bits ^ (bits >> 13);
}
