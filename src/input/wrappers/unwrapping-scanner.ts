import type { BlockScanner } from "../blocks-of-lines.ts";
import { ANSI_COLOURS } from "./ansi-colours.ts";
import { JSON_MESSAGES } from "./json-messages.ts";
import { withoutPrefix } from "./name-prefix.ts";
import type { Unwrapping, Wrapper } from "./wrapper.ts";

/** In the order in which they are taken off. Prefixes of log shippers are columns like others: formats/columns/. */
const WRAPPERS: readonly Wrapper[] = [JSON_MESSAGES, ANSI_COLOURS];

/** Lines that decide, and the part of them that must be wrapped. */
const LINES = 200;
const PART = 0.5;

const NEWLINE = 0x0a;

/** Takes a wrapper off lines. Each line stays one line, so that numbers of lines hold. */
export class Unwrapper {
  readonly #wrapper: Unwrapping;
  readonly #withTime: boolean;
  #out = Buffer.alloc(0);

  constructor(wrapper: Unwrapping, withTime: boolean) {
    this.#wrapper = wrapper;
    this.#withTime = withTime;
  }

  get name(): string {
    return this.#wrapper.name;
  }

  /** The lines in `bytes[0, length)`, each ended by \n; valid until the next call. */
  unwrap(bytes: Buffer, length: number): Buffer {
    if (this.#out.length < 2 * length) {
      this.#out = Buffer.alloc(2 * length);
    }
    const out = this.#out;
    let to = 0;
    for (let start = 0; start < length; ) {
      const end = bytes.indexOf(NEWLINE, start);
      to = this.#wrapper.unwrap(bytes, start, end, out, to, this.#withTime);
      out[to++] = NEWLINE;
      start = end + 1;
    }
    return out.subarray(0, to);
  }
}

/** Takes a wrapper off lines before another scanner reads them. */
export class UnwrappingScanner implements BlockScanner {
  readonly #inner: BlockScanner;
  readonly #unwrapper: Unwrapper;

  constructor(inner: BlockScanner, unwrapper: Unwrapper) {
    this.#inner = inner;
    this.#unwrapper = unwrapper;
  }

  scan(bytes: Buffer, length: number): void {
    const lines = this.#unwrapper.unwrap(bytes, length);
    this.#inner.scan(lines, lines.length);
  }

  decide(next?: string): void {
    this.#inner.decide(next);
  }

  overlongLine(bytes: Buffer, length: number): void {
    this.#inner.overlongLine(bytes, length);
  }

  cutLine(bytes: Buffer, length: number): void {
    this.#inner.cutLine(bytes, length);
  }
}

/** The first lines of a log without what they are wrapped in, and what takes it off, outermost first. */
export interface Wrapped {
  readonly head: string;
  readonly unwrappers: readonly Unwrapper[];
}

/**
 * What the first lines of a log, as latin1, are wrapped in. `lacksTime`: true if lines have no time without what is around
 * them; the wrapper's time then stands in for it.
 */
export function wrappedAs(head: string, lacksTime: (head: string) => boolean): Wrapped {
  let inner = head;
  const unwrappers: Unwrapper[] = [];
  for (const wrapper of WRAPPERS) {
    const lines = inner.split("\n", LINES).filter((line) => line.trim() !== "");
    const wrapped = lines.filter((line) => wrapper.wraps(line)).length;
    if (wrapped > 0 && wrapped >= lines.length * PART) {
      const plain = new Unwrapper(wrapper, false);
      const content = unwrapped(plain, inner);
      const unwrapper = lacksTime(content) ? new Unwrapper(wrapper, true) : plain;
      unwrappers.push(unwrapper);
      inner = unwrapped(unwrapper, inner);
    }
  }
  return { head: inner, unwrappers };
}

/** The same, also without a prefix of the names of calls. */
export function withoutNamePrefix({ head, unwrappers }: Wrapped, prefix: string): Wrapped {
  const unwrapper = new Unwrapper(withoutPrefix(prefix), false);
  return { head: unwrapped(unwrapper, head), unwrappers: [...unwrappers, unwrapper] };
}

function unwrapped(unwrapper: Unwrapper, text: string): string {
  const bytes = Buffer.from(text.endsWith("\n") ? text : `${text}\n`, "latin1");
  return unwrapper.unwrap(bytes, bytes.length).toString("latin1");
}
