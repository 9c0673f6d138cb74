/** A hook that prints pointers with %08x, or sizes with %u, logs them modulo this. */
export const CUT_MODULUS = 0x1_0000_0000;

/** Bytes that a process can address, the most of all machines: 48 bits on arm64, 47 on x86_64. */
export const ADDRESS_SPACE = 0x1_0000_0000_0000;

/**
 * True where the kernel places mappings, for a whole (uncut) address: libraries, arena heaps and mapped blocks lie in
 * the top eighth of the address space, the program and its break far below (at two thirds, or near 0). User space has 47
 * bits on x86_64, and 39, 42 or 48 on arm64.
 */
export function isAmongMappings(address: number): boolean {
  return (
    isInTopEighth(address, 2 ** 47) ||
    address >= 0.875 * 2 ** 48 ||
    isInTopEighth(address, 2 ** 42) ||
    isInTopEighth(address, 2 ** 39)
  );
}

/** True in the top eighth of an address space that ends at `end`. */
function isInTopEighth(address: number, end: number): boolean {
  return address >= 0.875 * end && address < end;
}
