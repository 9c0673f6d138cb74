/** A hook that prints pointers by %08x or sizes by %u leaves their low 32 bits: values modulo this. */
export const CUT_MODULUS = 2 ** 32;

/**
 * True if the kernel maps at `address`, a whole one: libraries, heaps of arenas and mappings lie in the top eighth of the
 * address space, programs and their break far below (at two thirds, or near 0). It has 47 bits on x86_64, and 39, 42 or
 * 48 on arm64; what lies beyond is no program's either.
 */
export function isAmongMappings(address: number): boolean {
  return (
    isAtTop(address, 2 ** 47) ||
    address >= 0.875 * 2 ** 48 ||
    isAtTop(address, 2 ** 42) ||
    isAtTop(address, 2 ** 39)
  );
}

/** True in the last eighth of what ends at `end`. */
function isAtTop(address: number, end: number): boolean {
  return address >= 0.875 * end && address < end;
}
