import { TextDecoder } from "node:util";

/** Text in other encodings than bytes of ASCII: UTF-16, as PowerShell's > writes it, and the mark that begins UTF-8 files. */

type Encoding = "utf-16le" | "utf-16be" | "utf-8";

/** So many bytes show the encoding of a text without a mark. */
const SHOWN_BYTES = 16;

const MARKS: readonly (readonly [encoding: Encoding, mark: Buffer])[] = [
  ["utf-8", Buffer.from("efbbbf", "hex")],
  ["utf-16le", Buffer.from("fffe", "hex")],
  ["utf-16be", Buffer.from("feff", "hex")],
];

/**
 * The chunks of a text as UTF-8, without the mark at its begin. `asTheyAre`: chunks that are no part of the text, and are
 * passed on. Other text is passed on without a copy.
 */
export async function* asUtf8(
  chunks: AsyncIterable<Buffer>,
  asTheyAre: Buffer,
): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  let decoder: TextDecoder | null = null;
  for await (const chunk of chunks) {
    if (head === null) {
      yield decoder === null || chunk === asTheyAre ? chunk : decoded(decoder, chunk);
      continue;
    }
    if (chunk !== asTheyAre) {
      head = Buffer.concat([head, chunk]);
      if (head.length < SHOWN_BYTES) {
        continue;
      }
    }
    const { encoding, text } = encodingOf(head);
    decoder = encoding === "utf-8" ? null : new TextDecoder(encoding);
    head = null;
    yield decoder === null ? text : decoded(decoder, text);
    if (chunk === asTheyAre) {
      yield chunk;
    }
  }
  if (head !== null && head.length > 0) {
    const { encoding, text } = encodingOf(head);
    yield encoding === "utf-8" ? text : Buffer.from(new TextDecoder(encoding).decode(text));
  }
}

function decoded(decoder: TextDecoder, chunk: Buffer): Buffer {
  return Buffer.from(decoder.decode(chunk, { stream: true }));
}

/** The encoding of a text that begins so, and what follows its mark. */
function encodingOf(head: Buffer): { readonly encoding: Encoding; readonly text: Buffer } {
  for (const [encoding, mark] of MARKS) {
    if (head.subarray(0, mark.length).equals(mark)) {
      return { encoding, text: head.subarray(mark.length) };
    }
  }
  return { encoding: unmarked(head), text: head };
}

/** Lines of a log are ASCII: in UTF-16 every other byte of them is 0. */
function unmarked(head: Buffer): Encoding {
  const shown = head.subarray(0, SHOWN_BYTES);
  const zeros = (parity: number): boolean =>
    shown.length === SHOWN_BYTES && shown.every((byte, at) => (byte === 0) === (at % 2 === parity));
  return zeros(1) ? "utf-16le" : zeros(0) ? "utf-16be" : "utf-8";
}
