/** malloc aligns blocks to this at least (32-bit, ptmalloc2.md §2). */
const ALIGNMENT = 8;

/** No address of a process is that high: x86_64 and arm64 give 47 or 48 bits to user space. */
const ADDRESSES_END = 2 ** 48;

/**
 * True if pointers are printed in decimal. Without 0x and letters they could be both: they are decimal if they are
 * aligned as decimal numbers only, or too large as hexadecimal ones.
 */
export function areDecimal(pointers: readonly string[]): boolean {
  const given = pointers.filter((text) => !/^(?:0[xX])?0*$|^\(?nil\)?$|^NULL$|^void$/.test(text));
  return (
    given.length > 0 &&
    given.every((text) => /^\d{1,20}$/.test(text)) &&
    given.every((text) => Number(text) % ALIGNMENT === 0) &&
    given.some(isNoHexadecimalAddress)
  );
}

function isNoHexadecimalAddress(text: string): boolean {
  const address = Number.parseInt(text, 16);
  return address >= ADDRESSES_END || !/[08]$/.test(text);
}
