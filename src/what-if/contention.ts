/**
 * Which arena a thread takes where all are in use depends on whose lock is held at that moment (ptmalloc2.md §6.1),
 * which no log of another setting tells. So a what-if is replayed a few times more, with locks that are held or not by
 * the toss of a coin: always the same tosses for the same seed.
 */
export const SEEDS: readonly number[] = [1, 2];

/** A coin: true as often as false, in an order that `seed` decides (xorshift, 32 bits). */
export function coin(seed: number): () => boolean {
  let state = (seed * 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state < 0;
  };
}
