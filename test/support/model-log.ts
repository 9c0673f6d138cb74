import type { Calls, ProcessOptions } from "./model-calls.ts";
import { type Process, process } from "./model-driver.ts";

/** Where the program's memory lies: its break, the heap of arena 1, and the end of its mappings. */
export const BREAK = 0x5555_5555_9000;
export const HEAP_OF_ARENA_1 = 0x7fff_f000_0000;
export const MAPPINGS_END = 0x7fff_f7c0_0000;
const HEAP_MAX = 2 ** 26;

/**
 * A program that the model serves, and the log that a hook in it would write:
 *
 *     const p = new LoggedProgram("2.36");
 *     p.malloc(24, "a");          "1 malloc(24) = 0x5555555592a0"
 *     p.free("a");                "1 free(0x5555555592a0)"
 *     const t = p.thread();
 *     t.malloc(100, "b");         "2 malloc(100) = 0x7ffff0000b80"
 *
 * The kernel's part is made up: heaps of other arenas lie one below the other, and so do mappings.
 */
export class LoggedProgram {
  readonly process: Process;
  readonly lines: string[] = [];
  readonly main: LoggedThread;
  /** false: the hook misses the calls */
  isHooked = true;
  /** the hook prints sizes by %u */
  cutsSizes = false;
  /** live blocks by name */
  readonly pointers = new Map<string, number>();
  #threads = 1;
  #lowestMapping = MAPPINGS_END;

  constructor(
    glibc: string,
    settings: Readonly<Record<string, string>> = {},
    options: ProcessOptions = {},
  ) {
    this.process = process(glibc, settings, options);
    this.main = new LoggedThread(this, this.process, 1);
  }

  malloc(bytes: number, name?: string): void {
    this.main.malloc(bytes, name);
  }

  free(...names: string[]): void {
    this.main.free(...names);
  }

  thread(): LoggedThread {
    return new LoggedThread(this, this.process.thread(), ++this.#threads);
  }

  /** Lines that begin with "# ". */
  comment(...texts: string[]): void {
    this.lines.push(...texts.map((text) => `# ${text}`));
  }

  /** Makes calls that the hook misses. */
  unhooked(calls: () => void): void {
    this.isHooked = false;
    calls();
    this.isHooked = true;
  }

  /** Moves line `from` to place `to`, both counted from 0. */
  moveLine(from: number, to: number): void {
    const [line] = this.lines.splice(from, 1);
    this.lines.splice(to, 0, line!);
  }

  get text(): string {
    return `${this.lines.join("\n")}\n`;
  }

  /** Returns the address of a place as the model driver writes it. A mapped block is a new one, of `mappedBytes`. */
  addressOf(place: string, mappedBytes: number): number {
    const [, area, heap = "1", offset] =
      /^(main|arena\d+|mmapped)(?:\.heap(\d+))?\+(0x[0-9a-f]+)$/.exec(place) ?? [];
    if (area === undefined) {
      throw new Error(`no address for ${place}`);
    }
    if (area === "main") {
      return BREAK + Number(offset);
    }
    if (area === "mmapped") {
      this.#lowestMapping -= mappedBytes;
      return this.#lowestMapping + Number(offset);
    }
    const arena = Number(area.slice("arena".length));
    return HEAP_OF_ARENA_1 - (arena - 1 + 64 * (Number(heap) - 1)) * HEAP_MAX + Number(offset);
  }
}

/** A thread of the program; its calls are logged under `tid`. */
export class LoggedThread {
  readonly #program: LoggedProgram;
  readonly #calls: Calls;
  readonly #tid: number;

  constructor(program: LoggedProgram, calls: Calls, tid: number) {
    this.#program = program;
    this.#calls = calls;
    this.#tid = tid;
  }

  malloc(bytes: number, name?: string): void {
    this.#allocate(`malloc(${this.#printed(bytes)})`, name, (key) =>
      this.#calls.malloc(bytes, key),
    );
  }

  calloc(bytes: number, name?: string): void {
    this.#allocate(`calloc(1, ${bytes})`, name, (key) => this.#calls.calloc(bytes, key));
  }

  memalign(alignment: number, bytes: number, name?: string): void {
    this.#allocate(`memalign(${alignment}, ${bytes})`, name, (key) =>
      this.#calls.memalign(alignment, bytes, key),
    );
  }

  realloc(name: string, bytes: number): void {
    const from = this.#pointerOf(name);
    const place = this.#calls.realloc(name, bytes);
    const stays = place.startsWith("mmapped") && from >= HEAP_OF_ARENA_1 + HEAP_MAX;
    const to = stays ? from : this.#program.addressOf(place, this.#mappedBytes(place, name));
    this.#program.pointers.set(name, to);
    this.#log(`realloc(${hex(from)}, ${this.#printed(bytes)}) = ${hex(to)}`);
  }

  free(...names: string[]): void {
    for (const name of names) {
      this.#log(`free(${hex(this.#pointerOf(name))})`);
      this.#program.pointers.delete(name);
      this.#calls.free(name);
    }
  }

  freeNull(): void {
    this.#log("free(0x0)");
  }

  /** Ends; `line`: with a thread_exit line. */
  exit(line = true): void {
    this.#calls.exit();
    if (line) {
      this.#log("thread_exit()");
    }
  }

  #allocate(call: string, name: string | undefined, serve: (key: string) => string): void {
    const key = name ?? `block ${this.#program.lines.length}, ${this.#program.pointers.size}`;
    const place = serve(key);
    const pointer = this.#program.addressOf(place, this.#mappedBytes(place, key));
    this.#program.pointers.set(key, pointer);
    this.#log(`${call} = ${hex(pointer)}`);
  }

  #mappedBytes(place: string, name: string): number {
    return place.startsWith("mmapped") ? this.#calls.mapping(name).totalBytes : 0;
  }

  #pointerOf(name: string): number {
    const pointer = this.#program.pointers.get(name);
    if (pointer === undefined) {
      throw new Error(`no block ${name}`);
    }
    return pointer;
  }

  #printed(bytes: number): number {
    return this.#program.cutsSizes ? bytes % 2 ** 32 : bytes;
  }

  #log(call: string): void {
    if (this.#program.isHooked) {
      this.#program.lines.push(`${this.#tid} ${call}`);
    }
  }
}

function hex(pointer: number): string {
  return `0x${pointer.toString(16)}`;
}
