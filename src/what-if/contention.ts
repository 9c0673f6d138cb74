/**
 * Which arena a thread takes when all are in use depends on the locks held at that moment (ptmalloc2.md §6.1), which a
 * log of another setting does not show. So a what-if is replayed once more per seed, with locks held at random: the same
 * seed always gives the same locks.
 */
export const SEEDS: readonly number[] = Array.from({length: Number(process.env.SEEDS ?? 1)}, (_, i) => i + 1);

/** Returns a coin: true as often as false, in an order that `seed` decides (xorshift, 32 bits). */
export function coin(seed: number): () => boolean {
  let state = (seed * 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state < 0;
  };
}

/** A number from 0 to 2^32 − 1 that looks random: the same for the same arguments. */
export function numberFor(...parts: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    hash = Math.imul(hash ^ part, 0x01000193);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x2c1b3c6d);
    hash ^= hash >>> 13;
  }
  return hash >>> 0;
}
