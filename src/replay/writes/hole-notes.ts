import { inOrder, type Ranges } from "./byte-ranges.ts";

/** `# holes min=4096`: of blocks of that size or more, every byte without a `# hole` line is written. */
export interface HolesHeader {
  readonly minBytes: number;
}

/** `# hole 0x7f084cd1d010 4080+1044480`: pages of a live block that are not written so far. */
export interface HoleNote {
  readonly pointer: number;
  /** in bytes from the pointer; may extend beyond the block to the end of its last page */
  readonly ranges: Ranges;
}

const DEFAULT_MIN_BYTES = 4096;

/** True if the comment may be one of the two. A cheap test, because most comments are neither. */
export function isHoleNote(text: string): boolean {
  return text.startsWith("hole");
}

/** Returns the header in a comment; null if it is none. */
export function readHeader(text: string): HolesHeader | null {
  const found = /^holes(?:\s+min=(\d{1,15}))?$/.exec(text);
  if (found === null) {
    return null;
  }
  return { minBytes: found[1] === undefined ? DEFAULT_MIN_BYTES : Number(found[1]) };
}

/** Returns the holes in a comment; null if it is no hole line or its ranges are impossible. */
export function readHole(text: string): HoleNote | null {
  const found = /^hole\s+0x([0-9a-f]{1,16})\s+(\d+\+\d+(?:,\d+\+\d+)*)$/i.exec(text);
  if (found === null) {
    return null;
  }
  const [, pointer = "", list = ""] = found;
  const ranges = inOrder(
    list.split(",").map((one) => {
      const [offset, length] = one.split("+").map(Number);
      return [offset!, offset! + length!] as const;
    }),
  );
  return ranges === null ? null : { pointer: Number.parseInt(pointer, 16), ranges };
}
