/**
 * Returns a coin: true as often as false, in an order that `seed` decides (xorshift, 32 bits). Which arena a thread takes when all
 * are in use depends on the locks held at that moment (ptmalloc2.md §6.1), which a log of another setting does not show. So in the
 * replays of other orders locks are held at random.
 */
export function coin(seed: number): () => boolean {
  let state = (seed * 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state < 0;
  };
}
