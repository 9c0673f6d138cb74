import type { BlockScanner } from "./blocks-of-lines.ts";
import { endsInsidePointer } from "./cut-pointer.ts";
import type { Diagnostics } from "./diagnostics.ts";

/** What blocks of lines are read into, and counted in. */
export interface BlockTarget {
  readonly scanner: BlockScanner;
  readonly diagnostics: Diagnostics;
  readonly maxLineBytes: number;
}

/**
 * Reads a line that has no newline of its own: `bytes[0, length)`, with a newline added behind it. `before`: the log's text
 * up to it, at least its last `BEFORE_BYTES`.
 */
export function incompleteLine(
  { scanner, maxLineBytes }: BlockTarget,
  bytes: Buffer,
  length: number,
  before: string,
): void {
  if (length <= maxLineBytes && endsInsidePointer(bytes.toString("latin1", 0, length), before)) {
    scanner.cutLine(bytes, length);
  } else {
    scanner.scan(bytes, length + 1);
  }
}

/** Reads the log's last line likewise. A log that ends in a line which cannot be read is truncated. */
export function lastLine(target: BlockTarget, bytes: Buffer, length: number, before: string): void {
  const { lines } = target.diagnostics;
  const malformedBefore = lines.malformed;
  incompleteLine(target, bytes, length, before);
  if (lines.malformed > malformedBefore) {
    target.diagnostics.truncatedInputs++;
  }
}
