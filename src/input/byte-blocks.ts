import { BEFORE_BYTES } from "./cut-pointer.ts";
import { type BlockTarget, incompleteLine, lastLine } from "./incomplete-line.ts";

/** Capacity at first for a line that several chunks have parts of. */
const FIRST_BYTES = 1024;

const NEWLINE = 0x0a;
const NUL = 0;

/**
 * Hands the lines of a log to a scanner as they come: the whole lines of a chunk at once, from where they are. It does what
 * `blocksOfLines` does, without a stream and without strings, for scanners whose layout is known.
 */
export class ByteBlocks {
  readonly #target: BlockTarget;
  /** the beginning of a line whose newline is still to come; it never fills the buffer */
  #line = Buffer.alloc(FIRST_BYTES);
  #length = 0;
  #insideOverlong = false;
  /** the last bytes before that line: the last `#beforeLength` of `#before` */
  readonly #before = Buffer.alloc(BEFORE_BYTES);
  #beforeLength = 0;

  /** `before`: the log's text up to the first chunk, which ends a line, or the last `BEFORE_BYTES` of it */
  constructor(target: BlockTarget, before = "") {
    this.#target = target;
    this.#passed(Buffer.from(before, "latin1"));
  }

  /** Takes the next bytes of the log. `isAdded`: a newline that ends a line of incomplete compressed data */
  take(chunk: Buffer, isAdded = false): void {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      this.#hold(chunk);
      return;
    }
    const start = this.#endLine(chunk, isAdded);
    if (end > start) {
      this.#target.scanner.scan(chunk.subarray(start), end - start);
      this.#passed(chunk.subarray(start, end));
    }
    this.#hold(chunk.subarray(end));
  }

  /** The log ends. */
  end(): void {
    const { diagnostics } = this.#target;
    if (this.#insideOverlong) {
      diagnostics.truncatedInputs++;
      return;
    }
    // Room that mallog's hook had reserved in the file when its process was killed (blocks-of-lines.ts).
    while (this.#length > 0 && this.#line[this.#length - 1] === NUL) {
      this.#length--;
    }
    if (this.#length > 0) {
      this.#line[this.#length] = NEWLINE;
      lastLine(this.#target, this.#line, this.#length, this.#textBefore);
    }
  }

  /** Ends the line that was begun, if there is one. Returns the index in the chunk of the next line. */
  #endLine(chunk: Buffer, isAdded: boolean): number {
    if (this.#length === 0 && !this.#insideOverlong) {
      return 0;
    }
    const next = chunk.indexOf(NEWLINE) + 1;
    if (this.#insideOverlong) {
      this.#insideOverlong = false;
      this.#passed(chunk.subarray(0, next));
      return next;
    }
    this.#append(chunk.subarray(0, next));
    if (isAdded) {
      incompleteLine(this.#target, this.#line, this.#length - 1, this.#textBefore);
    } else {
      this.#target.scanner.scan(this.#line, this.#length);
    }
    this.#passed(this.#line.subarray(0, this.#length));
    this.#length = 0;
    return next;
  }

  /** Keeps bytes of a line without its newline. */
  #hold(bytes: Buffer): void {
    if (this.#insideOverlong) {
      this.#passed(bytes);
      return;
    }
    this.#append(bytes);
    if (this.#length > this.#target.maxLineBytes + 1) {
      this.#target.scanner.overlongLine(this.#line, this.#length);
      this.#passed(this.#line.subarray(0, this.#length));
      this.#length = 0;
      this.#insideOverlong = true;
    }
  }

  #append(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length >= this.#line.length) {
      const grown = Buffer.alloc(2 * length);
      this.#line.copy(grown, 0, 0, this.#length);
      this.#line = grown;
    }
    bytes.copy(this.#line, this.#length);
    this.#length = length;
  }

  /** The bytes are before the next line. */
  #passed(bytes: Buffer): void {
    const kept = bytes.subarray(-BEFORE_BYTES);
    const start = BEFORE_BYTES - kept.length;
    this.#before.copyWithin(0, kept.length);
    kept.copy(this.#before, start);
    this.#beforeLength = Math.min(BEFORE_BYTES, this.#beforeLength + kept.length);
  }

  get #textBefore(): string {
    return this.#before.toString("latin1", BEFORE_BYTES - this.#beforeLength);
  }
}
