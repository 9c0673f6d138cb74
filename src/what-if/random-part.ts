/** Returns a number from 0 up to, but not, 1 that looks random, but is the same for the same arguments, which are whole. */
export function randomPart(seed: number, thread: number, stretch: number): number {
  return mixed(stretch, mixed(thread, mixed(seed, 0x811c9dc5))) / 2 ** 32;
}

/** Mixes the bits of a number into a hash of 32 bits: a multiplication carries them up, and a shift down. */
function mixed(part: number, hash: number): number {
  let bits = Math.imul(hash ^ part, 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  return (bits ^ (bits >>> 13)) >>> 0;
}
