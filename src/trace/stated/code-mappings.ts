import { CUT_MODULUS } from "../signs/address-space.ts";

/** A place in a file of code. */
export interface CodePlace {
  /** path as mapped */
  readonly module: string;
  /** bytes from the file's start */
  readonly offset: number;
}

interface Mapping extends CodePlace {
  readonly start: number;
  readonly end: number;
}

const MAX_MAPPINGS = 8192;

/** As in /proc/PID/maps. mallog's hook leaves out device and inode. */
const LINE =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) +[r-][w-]x[ps] +([0-9a-f]{1,16}) +(?:[0-9a-f]+:[0-9a-f]+ +\d+ +)?(\/.*|\[vdso\])$/;

/** Where a process had which code mapped. Several objects may have been at an address, one after the other. */
export class CodeMappings {
  readonly #mappings: Mapping[] = [];
  readonly #known = new Set<string>();

  get size(): number {
    return this.#mappings.length;
  }

  /** Paths of the files mapped, each once. */
  modules(): string[] {
    return [...new Set(this.#mappings.map(({ module }) => module))];
  }

  /** Reads a line of /proc/PID/maps. Ignores those that map no code of a file. Returns false if it is no such line. */
  add(line: string): boolean {
    const [, start, end, offset, module] = LINE.exec(line.trimEnd()) ?? [];
    if (start === undefined || end === undefined || offset === undefined || module === undefined) {
      return /^[0-9a-f]+-[0-9a-f]+ +[r-][w-][x-][ps] /.test(line);
    }
    const key = `${start} ${end} ${offset} ${module}`;
    if (this.#mappings.length < MAX_MAPPINGS && !this.#known.has(key)) {
      this.#known.add(key);
      const [from, to] = [Number.parseInt(start, 16), Number.parseInt(end, 16)];
      this.#mappings.push({ start: from, end: to, offset: Number.parseInt(offset, 16), module });
    }
    return true;
  }

  /**
   * The place of a return address; null if there is none, or several. `isCut`: the hook may have cut it to its low 32 bits.
   */
  find(address: number, isCut: boolean): CodePlace | null {
    let found: CodePlace | null = null;
    for (const { start, end, offset, module } of this.#mappings) {
      for (const whole of isCut ? wholeAddresses(address, start, end) : [address]) {
        if (whole < start || whole >= end) {
          continue;
        }
        const place = { module, offset: whole - start + offset };
        if (found !== null && (found.module !== module || found.offset !== place.offset)) {
          return null;
        }
        found = place;
      }
    }
    return found;
  }
}

/** The addresses in or near a mapping that have these low 32 bits. */
function wholeAddresses(low: number, start: number, end: number): number[] {
  const first = start - (start % CUT_MODULUS) + low;
  return first + CUT_MODULUS < end ? [first, first + CUT_MODULUS] : [first];
}
