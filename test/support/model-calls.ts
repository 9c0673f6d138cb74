import { ADDR, FD, GRANULE, HEAP, MAPPED, SIZE, STATE } from "../../src/ptmalloc/chunks.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import type { Machine } from "../../src/ptmalloc/machine.ts";
import type { Mapping } from "../../src/ptmalloc/mapping.ts";
import type { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { noteRequest } from "../../src/ptmalloc/requests.ts";
import { PLANE_ALL, PLANE_POLICY } from "../../src/ptmalloc/resident.ts";

/** A thread's calls on the model; model-driver.ts has the process. */

export interface ProcessOptions {
  /** default 2 */
  readonly cpus?: number;
  /** the program break before the first call, from the start of its page */
  readonly initialBreak?: number;
  /** address of that page; default 0 */
  readonly breakBase?: number;
  /** default x86_64 */
  readonly machine?: Partial<Machine>;
  /**
   * what the program writes of its blocks right after the call; default "none". "half" makes the planes differ: the
   * policy's plane gets the first half of a block, the plane "all" every byte.
   */
  readonly touch?: "all" | "half" | "none";
  /** skips the check of all invariants after each call, which takes minutes in long loops */
  readonly unchecked?: boolean;
}

/** The state that the threads of a process share. */
export interface Shared {
  readonly m: Ptmalloc;
  readonly options: ProcessOptions;
  /** live blocks: chunk to requested bytes */
  readonly requested: Map<number, number>;
  readonly named: Map<string, number>;
  threads: number;
}

/** The calls of one thread. Those that allocate return the block's place, or "NULL". */
export class Calls {
  readonly shared: Shared;
  readonly index: number;

  constructor(shared: Shared, index: number) {
    this.shared = shared;
    this.index = index;
  }

  malloc(bytes: number, name?: string): string {
    return this.#allocated(this.#enter().malloc(bytes), bytes, name);
  }

  calloc(bytes: number, name?: string): string {
    return this.#allocated(this.#enter().calloc(bytes), bytes, name);
  }

  memalign(alignment: number, bytes: number, name?: string): string {
    return this.#allocated(this.#enter().memalign(alignment, bytes), bytes, name);
  }

  valloc(bytes: number, name?: string): string {
    return this.#allocated(this.#enter().valloc(bytes), bytes, name);
  }

  pvalloc(bytes: number, name?: string): string {
    return this.#allocated(this.#enter().pvalloc(bytes), bytes, name);
  }

  /** The block's new place; "NULL" if the call fails, which leaves the block as it was. */
  realloc(block: string, bytes: number): string {
    const { requested, named, m } = this.shared;
    const c = this.#find(block);
    const before = requested.get(c)!;
    const moved = this.#enter().realloc(c, bytes);
    if (moved === 0) {
      return this.#done("NULL");
    }
    requested.delete(c);
    requested.set(moved, bytes);
    noteRequest(m, moved, bytes);
    if (named.get(block) === c) {
      named.set(block, moved);
    }
    if (bytes > before) {
      this.#touchAfterCall(moved, before, bytes);
    }
    return this.#done(placeOf(m, moved));
  }

  free(...blocks: string[]): void {
    for (const block of blocks) {
      const c = this.#find(block);
      this.shared.named.delete(block);
      this.shared.requested.delete(c);
      this.#enter().free(c);
      this.#done("");
    }
  }

  /** malloc_trim(pad). Returns the bytes that left the resident set. */
  trim(pad: number): number {
    const bytes = this.#enter().mallocTrim(pad);
    this.#done("");
    return bytes;
  }

  /** mallopt(parameter, value), with the numbers of malloc.h: M_MXFAST 1, M_TRIM_THRESHOLD -1, M_TOP_PAD -2, … */
  mallopt(parameter: number, value: number): void {
    this.#enter().mallopt(parameter, value);
    this.#done("");
  }

  /** the program's own sbrk(bytes) */
  sbrk(bytes: number): void {
    this.#enter().foreignSbrk(bytes);
    this.#done("");
  }

  exit(): void {
    this.#enter().exitThread();
    this.#done("");
  }

  /** The thread's cached blocks of a chunk size; the next one to be reused is first. */
  tcache(chunkBytes: number): string[] {
    const m = this.#enter();
    const list: string[] = [];
    let c = m.threads.bins.head(m.thread, chunkBytes / GRANULE - 2);
    for (; c !== 0; c = m.chunks.words[c + FD]!) {
      list.push(placeOf(m, c));
    }
    return list;
  }

  /** "main" or, for example, "arena1"; null while the thread has none. */
  get arena(): string | null {
    const { arena } = this.#enter().thread;
    return arena && (arena.main ? "main" : `arena${arena.id}`);
  }

  /** The chunk of a live block. */
  chunkOf(block: string): number {
    return this.#find(block);
  }

  /** chunksize of a block's chunk, which must not be mmapped */
  chunkBytes(block: string): number {
    const { m } = this.shared;
    return m.chunks.words[this.#find(block) + SIZE]! * GRANULE;
  }

  /** The mapping of an mmapped block. */
  mapping(block: string): Mapping {
    const { m } = this.shared;
    return m.mappings[m.chunks.words[this.#find(block) + HEAP]!]!;
  }

  /** The program writes the bytes from `from` to `to` - 1 of a block. */
  write(block: string, from: number, to: number): void {
    this.#touch(this.#find(block), from, to);
    this.#done("");
  }

  #enter(): Ptmalloc {
    this.shared.m.enter(this.index);
    return this.shared.m;
  }

  #allocated(c: number, bytes: number, name: string | undefined): string {
    const { m, requested, named } = this.shared;
    if (c === 0) {
      return this.#done("NULL");
    }
    requested.set(c, bytes);
    noteRequest(m, c, bytes);
    if (name !== undefined) {
      named.set(name, c);
    }
    this.#touchAfterCall(c, 0, bytes);
    return this.#done(placeOf(m, c));
  }

  #touch(c: number, from: number, to: number): void {
    this.shared.m.write(c, from, to, PLANE_ALL | PLANE_POLICY);
  }

  #touchAfterCall(c: number, from: number, to: number): void {
    const { m, options } = this.shared;
    if (options.touch === "all") {
      this.#touch(c, from, to);
    }
    if (options.touch === "half") {
      m.write(c, from, Math.max(from, Math.floor(to / 2)), PLANE_POLICY);
      m.write(c, from, to, PLANE_ALL);
    }
  }

  #done(result: string): string {
    if (!this.shared.options.unchecked) {
      checkInvariants(this.shared.m);
    }
    return result;
  }

  /** The chunk of a block, given its name, or its place if that is the place of only one live block. */
  #find(block: string): number {
    const { m, named, requested } = this.shared;
    const c = named.get(block);
    if (c !== undefined) {
      return c;
    }
    const there = [...requested.keys()].filter((live) => placeOf(m, live) === block);
    if (there.length !== 1) {
      throw new Error(`${there.length} live blocks are at ${block}`);
    }
    return there[0]!;
  }
}

/** The place of a chunk's block, as in ptmalloc2.md §11.2. */
export function placeOf(m: Ptmalloc, c: number): string {
  const w = m.chunks.words;
  const offset = `0x${((w[c + ADDR]! + 1) * GRANULE).toString(16)}`;
  if (w[c + STATE] === MAPPED) {
    return `mmapped+${offset}`;
  }
  const heap = m.heapOf(c);
  if (heap.kind === "break") {
    return `main+${offset}`;
  }
  if (heap.kind === "fallback") {
    return `fallback+${offset}`;
  }
  const nth = heap.arena.heaps.indexOf(heap) + 1;
  return nth === 1
    ? `arena${heap.arena.id}+${offset}`
    : `arena${heap.arena.id}.heap${nth}+${offset}`;
}
