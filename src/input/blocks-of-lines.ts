import type { Transform } from "node:stream";
import split from "split2";
import { BEFORE_BYTES } from "./cut-pointer.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { incompleteLine, lastLine } from "./incomplete-line.ts";

/** A longer line is malformed. Without a limit, one endless line (/dev/zero) would take all memory. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** Capacity at first, enough for blocks of short lines. */
const FIRST_BYTES = 128 * 1024;

export interface BlockScanner {
  /** `bytes[0, length)` holds whole lines, each ended by \n. Bytes beyond are undefined but readable. */
  scan(bytes: Buffer, length: number): void;
  /** Reads the lines held back so far. `next`: the log's last line, which has no newline, as latin1. */
  decide(next?: string): void;
  /** A line longer than the limit: `bytes[0, length)` is its beginning; the rest is skipped. */
  overlongLine(bytes: Buffer, length: number): void;
  /** The log ends inside this line, although it reads like a whole one: `bytes[0, length)`. */
  cutLine(bytes: Buffer, length: number): void;
}

export interface BlockOptions {
  readonly maxLineBytes?: number;
  /** offsets behind the newlines that were added to end a line of incomplete compressed data */
  readonly cutAt?: ReadonlySet<number>;
}

const NEWLINE = 0x0a;

/**
 * split2 in batch mode. Its matcher does not cut at every newline but once, after the last newline of a chunk: the
 * scanner gets whole blocks of lines, and no line becomes a string. The input must be strings of one character per byte
 * (latin1). With `decodeStrings: false`, split2's StringDecoder passes strings through unchanged, so every byte value
 * survives, and writing them back cannot turn a wide character such as U+010A into a newline.
 *
 * The mapper gets one of: a block that ends in a newline; a fragment of an overlong line, which the matcher cuts once it
 * exceeds the limit, and from then on at every chunk; or, from the final flush, the unterminated last line. A fragment
 * leaves its last byte in split2, so that the flush also comes for a log that ends inside an overlong line.
 *
 * A newline that was added must come as a chunk of its own: its block is the incomplete line alone.
 */
export function blocksOfLines(
  scanner: BlockScanner,
  diagnostics: Diagnostics,
  { maxLineBytes = MAX_LINE_BYTES, cutAt = new Set() }: BlockOptions = {},
): Transform {
  const target = { scanner, diagnostics, maxLineBytes };
  let buffer = Buffer.alloc(FIRST_BYTES);
  let isFragment = false;
  let insideOverlong = false;
  /** the text before the current one, at least its last `BEFORE_BYTES` */
  let before = "";
  /** characters up to the end of the current text */
  let offset = 0;

  const matcher = {
    [Symbol.split](text: string): string[] {
      const cut = text.lastIndexOf("\n") + 1;
      if (cut > 0) {
        return [text.slice(0, cut), text.slice(cut)];
      }
      isFragment = text.length > (insideOverlong ? 1 : maxLineBytes + 1);
      return isFragment ? [text.slice(0, -1), text.slice(-1)] : [text];
    },
  };

  /** The bytes of the text, one for each character, and a newline after them; valid until the next call. */
  function bytesOf(text: string): Buffer {
    if (buffer.length <= text.length) {
      buffer = Buffer.alloc(2 * text.length);
    }
    buffer[buffer.write(text, "latin1")] = NEWLINE;
    return buffer;
  }

  function fragment(text: string): void {
    if (!insideOverlong) {
      insideOverlong = true;
      scanner.overlongLine(bytesOf(text), text.length);
    }
  }

  function end(padded: string): void {
    const text = withoutPadding(padded);
    if (text === "" && !insideOverlong) {
      scanner.decide();
      return;
    }
    scanner.decide(insideOverlong ? "" : text);
    if (insideOverlong) {
      diagnostics.truncatedInputs++;
    } else {
      lastLine(target, bytesOf(text), text.length, before);
    }
  }

  function block(text: string): void {
    const lines = insideOverlong ? text.slice(text.indexOf("\n") + 1) : text;
    const isCut = !insideOverlong && cutAt.has(offset);
    insideOverlong = false;
    if (isCut) {
      incompleteLine(target, bytesOf(lines), lines.length - 1, before);
    } else {
      scanner.scan(bytesOf(lines), lines.length);
    }
  }

  // Returns undefined, so that split2 pushes nothing. Only the sink may throw here; its error ends the stream.
  function mapper(text: string): void {
    offset += text.length;
    if (isFragment) {
      isFragment = false;
      fragment(text);
    } else if (text.endsWith("\n")) {
      block(text);
    } else {
      end(text);
    }
    before = text.length < BEFORE_BYTES ? (before + text).slice(-BEFORE_BYTES) : text;
  }

  return split(matcher, mapper, { decodeStrings: false });
}

/**
 * Removes the NUL bytes at the end: room that mallog's hook had reserved in the file when its process was killed. It stores the
 * first byte of a line after the others, so a last line that begins with a NUL byte is cut short.
 */
function withoutPadding(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) {
    end--;
  }
  return text.slice(0, end);
}
