import { type PinClaim, pinClaims } from "../insight/pins/pin-claims.ts";
import { STRIDE } from "../ptmalloc/chunks.ts";
import type { GuidedReplay } from "../recorded/guided-replay.ts";
import type { ByPlane, Reading } from "../replay/writes/reading.ts";
import type { BlockTable } from "../trace/ledger/blocks.ts";

/** What keeps the free memory of one arena resident. Blocks are those of the ledger. */
export interface PinResult {
  readonly arena: number;
  /** the arena's heap that holds `top`, 0 the oldest; null without blocks */
  readonly heap: number | null;
  /** its topmost live block, and the pointer that the log shows for it, NaN if unknown; null: no block is live */
  readonly top: { readonly block: number; readonly address: number } | null;
  readonly blocks: readonly number[];
  readonly cachedChunks: number;
  readonly tcacheStructs: number;
  readonly fastbinChunks: number;
  readonly outsideChunks: number;
  /** dense indices of the threads that cache these chunks */
  readonly cachingThreads: readonly number[];
  readonly heldBytes: number;
  readonly wholePageBytes: number;
  readonly returnedIfFreedBytes: number;
  readonly returnedIfUncachedBytes: number;
  readonly returnedIfMergedBytes: number;
  readonly cachedIfFreed: number;
  readonly unmergedIfFreed: number;
}

/** Returns the pins of the recorded run at the log's end, those that hold most first. */
export function pinResults(
  { replay, judge }: GuidedReplay,
  blocks: BlockTable,
  reading: Reading,
): PinResult[] {
  const { model } = replay;
  // Chunks are at multiples of STRIDE.
  const blockOf = new Int32Array(model.chunks.words.length / STRIDE);
  replay.eachBlock((block, chunk) => {
    blockOf[chunk / STRIDE] = block;
  });
  const fall = (from: ByPlane, to: ByPlane) => Math.max(0, reading.bytes(from) - reading.bytes(to));
  const inBlock = (chunk: number) => blockOf[chunk / STRIDE]!;
  return pinClaims(model, reading.plane, (chunk) => blocks.ownerOf(inBlock(chunk))).map(
    (claim: PinClaim) => {
      const { arena, now, freed, uncached, merged } = claim;
      const [top] = claim.blocks;
      return {
        arena: arena.id,
        heap: top === undefined ? null : arena.heaps.indexOf(model.heapOf(top)),
        top:
          top === undefined
            ? null
            : { block: inBlock(top), address: judge.addresses.addressOf(model, top) },
        blocks: claim.blocks.map(inBlock),
        cachedChunks: claim.cached,
        tcacheStructs: claim.structs,
        fastbinChunks: claim.unmerged,
        outsideChunks: claim.outside,
        cachingThreads: claim.cachingThreads,
        heldBytes: claim.heldBytes,
        wholePageBytes: claim.wholePageBytes,
        returnedIfFreedBytes: fall(now, freed),
        returnedIfUncachedBytes: fall(now, uncached),
        returnedIfMergedBytes: fall(now, merged),
        cachedIfFreed: claim.cachedIfFreed,
        unmergedIfFreed: claim.unmergedIfFreed,
      };
    },
  );
}
