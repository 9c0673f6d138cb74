/** Classes of bytes, for readers of lines. */

/** 1 for each of the characters, by its byte. */
export function byteTable(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters, "latin1")) {
    table[byte] = 1;
  }
  return table;
}

/** Letters, digits, _, and the bytes of characters beyond ASCII. */
export const WORD = byteTable(
  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_",
).fill(1, 0x80);

export const LETTER = Uint8Array.from(WORD).fill(0, 0x30, 0x3a);

/** Index of the first byte from `at` on that is not in the class. */
export function classEnd(bytes: Buffer, at: number, of: Uint8Array): number {
  let next = at;
  while (of[bytes[next] ?? 0] === 1) {
    next++;
  }
  return next;
}

export const DIGITS = byteTable("0123456789");

export const HEX = byteTable("0123456789abcdefABCDEF");
