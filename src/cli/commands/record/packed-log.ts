import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";

/** Bytes of text in a member; less packs worse, more waits longer for the last one. */
const MEMBER_BYTES = 2 * 1024 * 1024;

/** The hook writes within the last two windows of its file (WINDOW_BYTES in hook.c): no line before them changes. */
const UNFINISHED_BYTES = 1024 * 1024;

/** More memory takes less time. Levels from 3 on take longer, for logs that are a twentieth smaller. */
export const GZIP_OPTIONS = { level: 2, memLevel: constants.Z_MAX_MEMLEVEL, chunkSize: 512 * 1024 };

const packed = promisify<Buffer, typeof GZIP_OPTIONS, Buffer>(gzip);

/**
 * A log and its compressed file, which can be begun while the hook still writes. The file has many members, each complete by
 * itself (RFC 1952), so that several can be packed at once; a gzip file may have any number.
 */
export class PackedLog {
  readonly #log: number;
  readonly #file: number;
  /** bytes of the log that are packed, or being packed */
  #begun = 0;

  /** @throws Error of the system */
  constructor(log: string, file: string) {
    this.#log = openSync(log, "r");
    try {
      this.#file = openSync(file, "w");
    } catch (error) {
      closeSync(this.#log);
      throw error;
    }
  }

  /** True if a log of that many bytes, which is being written, has more that can be packed now. */
  static hasMore(bytes: number, begun = 0): boolean {
    return bytes - UNFINISHED_BYTES - begun >= MEMBER_BYTES;
  }

  /**
   * Packs one member, if there is enough text that no longer changes. Returns false if there is not.
   * @throws Error of the system
   */
  async packSome(): Promise<boolean> {
    if (!PackedLog.hasMore(fstatSync(this.#log).size, this.#begun)) {
      return false;
    }
    await this.#pack(this.#begun + MEMBER_BYTES, 1);
    return true;
  }

  /**
   * Packs the rest of a log of that many bytes, `atOnce` members at a time.
   * @throws Error of the system, or AbortError
   */
  async packRest(bytes: number, atOnce: number, signal?: AbortSignal): Promise<void> {
    await this.#pack(bytes, atOnce, signal);
  }

  close(): void {
    closeSync(this.#log);
    closeSync(this.#file);
  }

  async #pack(end: number, atOnce: number, signal?: AbortSignal): Promise<void> {
    const members: Promise<Buffer>[] = [];
    do {
      signal?.throwIfAborted();
      while (members.length < atOnce && this.#begun < end) {
        members.push(packed(this.#next(end), GZIP_OPTIONS));
      }
      const member = await members.shift();
      for (let from = 0; member !== undefined && from < member.length; ) {
        from += writeSync(this.#file, member, from);
      }
    } while (members.length > 0 || this.#begun < end);
  }

  /** The next text for a member. */
  #next(end: number): Buffer {
    const text = Buffer.allocUnsafeSlow(Math.min(MEMBER_BYTES, end - this.#begun));
    for (let read = 0; read < text.length; ) {
      const got = readSync(this.#log, text, read, text.length - read, this.#begun + read);
      if (got === 0) {
        throw new Error("a log became shorter while it was read");
      }
      read += got;
    }
    this.#begun += text.length;
    return text;
  }
}
