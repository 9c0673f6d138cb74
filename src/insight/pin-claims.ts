import type { Arena } from "../ptmalloc/arena.ts";
import { CACHED, FAST, FD, IN_USE, STATE } from "../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { MOST_PINS } from "../report/pin.ts";
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
  /** of the others: memory from outside the log */
  readonly outside: number;
  /** free resident bytes that they hold */
  readonly heldBytes: number;
  /** resident pages by plane: now, */
  readonly now: ArrayLike<number>;
  /** after the blocks are freed, */
  readonly freed: ArrayLike<number>;
  /** and after the caches of these threads, and of those that freed the blocks, are emptied, too */
  readonly uncached: ArrayLike<number>;
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
  const w = m.chunks.words;
  const count = countThatMatter(holders);
  const blocks: number[] = [];
  const cached: number[] = [];
  let heldBytes = 0;
  for (let n = 0; n < count; n++) {
    const c = holders.chunks[n]!;
    heldBytes += holders.freeBelow[n]!;
    if (w[c + STATE] === CACHED || structs.has(c)) {
      cached.push(c);
    } else if (w[c + STATE] === IN_USE) {
      blocks.push(c);
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
  const countIn = (state: number) =>
    blocks.filter((c) => copy.chunks.words[c + STATE] === state).length;
  const freed = copy.resident.pages.slice();
  const cachedIfFreed = countIn(CACHED);
  const unmerged = countIn(FAST);
  for (const thread of emptied) {
    copy.enter(thread);
    copy.exitThread();
  }
  return {
    arena: holders.arena,
    blocks,
    cached: cached.length,
    structs: cached.filter((c) => structs.has(c)).length,
    cachingThreads,
    outside: count - blocks.length - cached.length,
    heldBytes,
    now: m.resident.pages.slice(),
    freed,
    uncached: copy.resident.pages,
    cachedIfFreed,
    unmergedIfFreed: cachedIfFreed + cached.length === 0 ? unmerged : countIn(FAST),
  };
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
