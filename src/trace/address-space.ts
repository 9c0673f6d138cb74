/** Bits of a process's addresses: 47 on x86_64, 39, 42 or 48 on arm64 (Linux). */
const WIDTHS = [39, 42, 47, 48] as const;

/**
 * True if the kernel maps at `address`, a whole one: libraries, heaps of arenas and mappings lie in the top eighth of the
 * address space, programs and their break far below (at two thirds, or near 0).
 */
export function isAmongMappings(address: number): boolean {
  return WIDTHS.some((bits) => address >= 0.875 * 2 ** bits && address < 2 ** bits);
}
