/** The part of the report about what keeps free memory resident. Units as in report.ts. */

/** The most arenas whose pins are stated, those that hold most first: each takes a copy of the process. */
export const MOST_PINS = 10;

/**
 * Chunks at the top of an arena that keep free memory below them resident: free() returns memory to the kernel from the
 * top down only. They are the topmost few if these hold half of the arena's free memory, else those that hold nearly all.
 */
export interface Pin {
  /** id of the arena; 0 is the main arena */
  readonly arena: number;
  /** number of its heap with the topmost block, 0 the oldest; null if no live block is among the chunks */
  readonly heap: number | null;
  /** the topmost live block; null if no live block is among the chunks */
  readonly block: PinningBlock | null;
  /** live blocks */
  readonly blocks: number;
  readonly blockBytes: number;
  /** which they are, those of most blocks first; at most 5 */
  readonly groups: readonly PinGroup[];
  /** freed chunks in tcaches, and tcache structs */
  readonly cachedChunks: number;
  /** of these, tcache structs */
  readonly tcacheStructs: number;
  /** freed chunks in fastbins, which are not merged with what is free beside them */
  readonly fastbinChunks: number;
  /** chunks from outside the log, which no call of it can free */
  readonly outsideChunks: number;
  /** threads whose tcaches these are */
  readonly cachingTids: readonly number[];
  /** free resident bytes that the chunks hold */
  readonly heldBytes: number;
  /** of these, bytes in whole free pages, which malloc_trim returns; the rest shares pages with chunks in use */
  readonly wholePageBytes: number;
  /**
   * bytes by which RSS falls if the thread that allocated each block frees it, or the main thread if that has ended: found
   * by making these calls on a copy of the model
   */
  readonly returnedIfFreedBytes: number;
  /** the same if the tcaches of these threads, and of `cachingTids`, are emptied, too, as at their ends */
  readonly returnedIfUncachedBytes: number;
  /** the same if the chunks in fastbins are then merged, as by the next free of 64 KiB or more in this arena */
  readonly returnedIfMergedBytes: number;
  /** of the blocks, those that would lie in tcaches once they are freed */
  readonly cachedIfFreed: number;
  /** and in fastbins, not merged with their neighbours: once they are freed or, if caches keep any, once these are empty */
  readonly unmergedIfFreed: number;
}

export interface PinningBlock {
  /** line of the log that allocated it, or last resized it */
  readonly line: number;
  /** as the log prints it; null if unknown */
  readonly address: string | null;
  readonly size: number;
  readonly tid: number;
  readonly caller: string | null;
  readonly time: number | null;
  /** from then to the log's end; null without times */
  readonly ageSeconds: number | null;
  /** events after it */
  readonly ageEvents: number;
}

export interface PinGroup {
  readonly tid: number;
  readonly caller: string | null;
  readonly size: number;
  readonly blocks: number;
}
