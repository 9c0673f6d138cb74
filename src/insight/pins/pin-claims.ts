import type { Arena } from "../../ptmalloc/arena.ts";
import { CACHED, FAST, FD, IN_USE, STATE } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { TRIM_GRANULES, trimAfterFree } from "../../ptmalloc/trim.ts";
import { MOST_PINS } from "../../report/contract/pin.ts";
import { countThatMatter, type Holders, holdersOf } from "./holders.ts";

/** Smaller amounts are not worth a copy of the process. */
const MIN_BYTES = 1024 * 1024;

/** Chunks of one arena that keep free memory resident, and what would go back to the kernel without them. */
export interface PinClaim {
  readonly arena: Arena;
  /** live blocks among them, from the top down */
  readonly blocks: readonly number[];
  /** others: freed chunks in tcaches, and tcache structs */
  readonly cached: number;
  /** of these, tcache structs */
  readonly structs: number;
  /** threads, by dense index, that have these in their caches */
  readonly cachingThreads: readonly number[];
  /** freed chunks in fastbins */
  readonly unmerged: number;
  /** memory from outside the log */
  readonly outside: number;
  /** free resident bytes that they hold */
  readonly heldBytes: number;
  /** of these, bytes in whole free pages, which malloc_trim returns */
  readonly wholePageBytes: number;
  /** resident pages by plane: now, */
  readonly now: ArrayLike<number>;
  /** after the blocks are freed, */
  readonly freed: ArrayLike<number>;
  /** after the caches of these threads, and of those that freed the blocks, are emptied, too, */
  readonly uncached: ArrayLike<number>;
  /** and after the next free of 64 KiB or more, which merges the chunks in fastbins (§4.5) */
  readonly merged: ArrayLike<number>;
  /** of the blocks, those in tcaches once they are freed, */
  readonly cachedIfFreed: number;
  /** and in fastbins (ptmalloc2.md §4.3), then or, if caches keep any, once these are empty */
  readonly unmergedIfFreed: number;
}

/**
 * Returns the claims of the arenas that hold most. What would go back is not estimated: a copy of the process frees the
 * blocks. `ownerOf` returns the thread that allocated a block, by dense index; it frees it, too, if it has not ended.
 */
export function pinClaims(
  m: Ptmalloc,
  plane: number,
  ownerOf: (chunk: number) => number,
): PinClaim[] {
  const structs = new Set(m.tcacheStructs());
  let copy: Ptmalloc | null = null;
  return m.arenas
    .map((arena) => holdersOf(m, arena, plane))
    .filter(({ freeBytes }) => freeBytes >= MIN_BYTES)
    .sort((a, b) => b.freeBytes - a.freeBytes)
    .slice(0, MOST_PINS)
    .map((holders) => {
      copy = m.clone(copy);
      return claimOf(m, copy, holders, structs, ownerOf);
    });
}

/** `copy` is a copy of the process, which is changed. */
function claimOf(
  m: Ptmalloc,
  copy: Ptmalloc,
  holders: Holders,
  structs: ReadonlySet<number>,
  ownerOf: (chunk: number) => number,
): PinClaim {
  const count = countThatMatter(holders);
  const blocks: number[] = [];
  const cached: number[] = [];
  let heldBytes = 0;
  let wholePageBytes = 0;
  let unmerged = 0;
  for (let n = 0; n < count; n++) {
    const c = holders.chunks[n]!;
    const state = holders.states[n];
    heldBytes += holders.freeBelow[n]!;
    wholePageBytes += holders.wholePagesBelow[n]!;
    if (state === CACHED || structs.has(c)) {
      cached.push(c);
    } else if (state === IN_USE) {
      blocks.push(c);
    } else if (state === FAST) {
      unmerged++;
    }
  }
  const cachingThreads = cached.length === 0 ? [] : threadsCaching(m, new Set(cached));
  const [first] = copy.threads.all();
  const emptied = new Set(cachingThreads);
  for (const c of blocks) {
    const owner = ownerOf(c);
    const freeing = copy.threads.at(owner) === null ? (first?.index ?? owner) : owner;
    emptied.add(freeing);
    copy.enter(freeing);
    copy.free(c);
  }
  const freed = copy.resident.pages.slice();
  const atOnce = keptCounts(copy, blocks);
  for (const thread of emptied) {
    copy.enter(thread);
    copy.exitThread();
  }
  const uncached = copy.resident.pages.slice();
  const isCached = atOnce.cached + cached.length > 0;
  const unmergedIfFreed = isCached ? keptCounts(copy, blocks).unmerged : atOnce.unmerged;
  trimAfterFree(copy, copy.arenas[holders.arena.id]!, TRIM_GRANULES);
  return {
    arena: holders.arena,
    blocks,
    cached: cached.length,
    structs: cached.filter((c) => structs.has(c)).length,
    cachingThreads,
    unmerged,
    outside: count - blocks.length - cached.length - unmerged,
    heldBytes,
    wholePageBytes,
    now: m.resident.pages.slice(),
    freed,
    uncached,
    merged: copy.resident.pages.slice(),
    cachedIfFreed: atOnce.cached,
    unmergedIfFreed,
  };
}

/** Of freed chunks, those that caches keep, and those in fastbins. */
function keptCounts({ chunks: { words } }: Ptmalloc, freed: readonly number[]) {
  let cached = 0;
  let unmerged = 0;
  for (const c of freed) {
    const state = words[c + STATE];
    cached += state === CACHED ? 1 : 0;
    unmerged += state === FAST ? 1 : 0;
  }
  return { cached, unmerged };
}

/** The threads whose tcaches hold some of these chunks, or whose structs are among them. */
function threadsCaching(m: Ptmalloc, chunks: ReadonlySet<number>): number[] {
  const w = m.chunks.words;
  const { bins } = m.threads;
  return m.threads
    .all()
    .filter((thread) => {
      if (chunks.has(thread.tcacheStruct)) {
        return true;
      }
      for (let index = 0; index < thread.bins; index++) {
        for (let c = bins.head(thread, index); c !== 0; c = w[c + FD]!) {
          if (chunks.has(c)) {
            return true;
          }
        }
      }
      return false;
    })
    .map(({ index }) => index);
}
