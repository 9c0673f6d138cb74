import { constants } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { size } from "../../report/wording/format.ts";
import type { Parsed } from "../../report/wording/parsed.ts";
import type { Io } from "../io.ts";
import { readErrorReason } from "./system-error.ts";

const CHUNK_BYTES = 64 * 1024;

/** The text of a file of at most `mostBytes`, or why it cannot be read. A device may have no end. */
export function readText(file: string, cwd: string, mostBytes: number): Parsed<string> {
  try {
    const chunks = new Chunks(mostBytes);
    const opened = openSync(resolve(cwd, file), "r");
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      let bytes = 1;
      while (bytes > 0 && !chunks.areTooMany) {
        bytes = readSync(opened, chunk);
        chunks.add(Buffer.from(chunk.subarray(0, bytes)));
      }
    } finally {
      closeSync(opened);
    }
    return chunks.text();
  } catch (error) {
    return { error: readErrorReason(error) };
  }
}

/** As `readText`, of what Node.js can have as a text at most; `-` is standard input. */
export async function readTextOrStdin(
  file: string,
  { cwd, stdin }: Pick<Io, "cwd" | "stdin">,
): Promise<Parsed<string>> {
  const mostBytes = constants.MAX_STRING_LENGTH;
  if (file !== "-") {
    return readText(file, cwd, mostBytes);
  }
  const chunks = new Chunks(mostBytes);
  for await (const chunk of stdin) {
    chunks.add(chunk);
    if (chunks.areTooMany) {
      break;
    }
  }
  return chunks.text();
}

class Chunks {
  readonly #mostBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  add(chunk: Buffer | string): void {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
  }

  get areTooMany(): boolean {
    return this.#bytes > this.#mostBytes;
  }

  text(): Parsed<string> {
    return this.areTooMany
      ? { error: `is larger than ${size(this.#mostBytes)}` }
      : { ok: Buffer.concat(this.#chunks).toString("utf8") };
  }
}
