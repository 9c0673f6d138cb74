import { numberOfName } from "../../../trace/stated/caller-names.ts";

/** Callers that a log names by text; beyond them all others are one. */
const MAX_NAMES = 8192;
const MAX_NAME_BYTES = 256;
const OTHERS = "…";

/** Numbers for callers that a log gives as text, such as `libzip.so+0x41`, so that every event has a number. */
export class NamedCallers {
  /** in order of their numbers; the reader's diagnostics keep it */
  readonly #names: string[];
  readonly #numbers: Map<string, number>;

  constructor(names: string[]) {
    this.#names = names;
    this.#numbers = new Map(names.map((name, i) => [name, numberOfName(i)]));
  }

  /** The number of `bytes[start, end)`. */
  find(bytes: Buffer, start: number, end: number): number {
    const text = bytes.toString("utf8", start, Math.min(end, start + MAX_NAME_BYTES)).trim();
    const known = this.#numbers.get(text);
    if (known !== undefined) {
      return known;
    }
    if (this.#names.length === MAX_NAMES && text !== OTHERS) {
      return this.#numbers.get(OTHERS) ?? this.#add(OTHERS);
    }
    return this.#add(text);
  }

  #add(text: string): number {
    const number = numberOfName(this.#names.length);
    this.#names.push(text);
    this.#numbers.set(text, number);
    return number;
  }
}
