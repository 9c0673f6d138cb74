import { Action } from "../../src/trace/actions.ts";
import { CallsWriter } from "./calls-file.ts";

/** Pseudo-random integers in [0, `below`), the same in every run (xorshift). */
function randomNumbers(): (below: number) => number {
  let x = 88172645;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** Allocates `blocks` blocks of 16 to 1023 bytes, then `changes` times frees one and allocates another in its place. */
export function liveSetCalls(blocks: number, changes: number): CallsWriter {
  const random = randomNumbers();
  const calls = new CallsWriter();
  const allocate = (block: number) => calls.add(Action.malloc, block, 16 + random(1008));
  for (let block = 0; block < blocks; block++) {
    allocate(block);
  }
  calls.endPreparation();
  for (let change = 0; change < changes; change++) {
    const block = random(blocks);
    calls.add(Action.free, block);
    allocate(block);
  }
  return calls;
}

/**
 * The widest large bin below the mmap threshold has chunks of 2048 different sizes, from 65536 bytes up. A request is one
 * word smaller than its chunk.
 */
const LARGE_BYTES = 65536 - 8;
const LARGE_SIZES = 2048;
const ABOVE_LARGE_BYTES = LARGE_BYTES + 16 * LARGE_SIZES;

/** largest number of chunks that one malloc sorts into their bins (MAX_ITERS) */
const BINNED_AT_ONCE = 10_000;

/**
 * Puts `chunks` free chunks, separated by small blocks, into one large bin, then `changes` times allocates a block from
 * that bin and frees it.
 */
export function largeBinCalls(chunks: number, changes: number): CallsWriter {
  const random = randomNumbers();
  const calls = new CallsWriter();
  const bytes = () => LARGE_BYTES + 16 * random(LARGE_SIZES);
  for (let i = 0; i < chunks; i++) {
    calls.add(Action.malloc, i, bytes());
    calls.add(Action.malloc, chunks + i, 24);
  }
  for (let i = 0; i < chunks; i++) {
    calls.add(Action.free, i);
  }
  // A request larger than all of them makes malloc sort them into their bin.
  for (let binned = 0; binned < chunks; binned += BINNED_AT_ONCE) {
    calls.add(Action.malloc, binned, ABOVE_LARGE_BYTES);
  }
  calls.endPreparation();
  for (let change = 0; change < changes; change++) {
    calls.add(Action.malloc, 2 * chunks, bytes());
    calls.add(Action.free, 2 * chunks);
  }
  return calls;
}
