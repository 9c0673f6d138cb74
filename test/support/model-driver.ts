import { census, mallinfo2 } from "../../src/ptmalloc/census.ts";
import { ADDR, FD, GRANULE, HEAP, MAPPED, SIZE, STATE, STRIDE } from "../../src/ptmalloc/chunks.ts";
import type { Heap } from "../../src/ptmalloc/heap.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import type { Mapping } from "../../src/ptmalloc/mapping.ts";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { PLANE_ALL, PLANE_NONE, PLANE_POLICY } from "../../src/ptmalloc/resident.ts";
import { applySetting, MallocPar } from "../../src/ptmalloc/settings.ts";
import { UNSORTED } from "../../src/ptmalloc/size-classes.ts";
import type { Step } from "./glibc-driver.ts";

/**
 * Calls on the model, to be read like a short program, with places as ptmalloc2.md §11.2 gives them:
 *
 *     const p = process("2.36", { MALLOC_TOP_PAD_: "0" });
 *     p.malloc(24)             "main+0x2a0"; its block is "main+0x2a0" from now on
 *     p.malloc(200000, "big")  "mmapped+0x10"; its block is "big"
 *     p.free("big")
 *     const t = p.thread();
 *     t.malloc(100)            "arena1+0xb70"; "arena1.heap2+0x40" in its second heap
 *
 * Offsets count from the page of the initial break, from the heap's base, from the start of the mapping. After every
 * call all invariants are checked.
 */
export function process(
  glibc: string,
  settings: Readonly<Record<string, string>> = {},
  options: ProcessOptions = {},
): Process {
  const profile = profileOf(glibc);
  if (profile === null) {
    throw new Error(`no profile serves ${glibc}`);
  }
  const par = new MallocPar(profile);
  for (const [name, value] of Object.entries(settings)) {
    const refused = applySetting(par, profile, name, value);
    if (refused !== null) {
      throw new Error(refused);
    }
  }
  const m = new Ptmalloc(profile, par, options.cpus ?? 2, options.initialBreak);
  m.enter(0);
  return new Process({ m, options, requested: new Map(), named: new Map(), threads: 1 });
}

export interface ProcessOptions {
  /** default 2 */
  readonly cpus?: number;
  /** the program break before the first call, from the start of its page */
  readonly initialBreak?: number;
  /**
   * what the program writes of its blocks right after the call; default "none". "half" tells the planes apart: by
   * the policy the first half of a block is written, in the plane "all" every byte of it.
   */
  readonly touch?: "all" | "half" | "none";
  /** for loops so long that walking the heap after every call would take minutes */
  readonly unchecked?: boolean;
}

/** What the threads of a process share. */
interface Shared {
  readonly m: Ptmalloc;
  readonly options: ProcessOptions;
  /** live blocks: their chunk, and the bytes requested */
  readonly requested: Map<number, number>;
  readonly named: Map<string, number>;
  threads: number;
}

/** One thread of the process: its calls. */
export class Calls {
  readonly shared: Shared;
  readonly index: number;

  constructor(shared: Shared, index: number) {
    this.shared = shared;
    this.index = index;
  }

  malloc(bytes: number, name?: string): string {
    return this.#took(this.#enter().malloc(bytes), bytes, name);
  }

  calloc(bytes: number, name?: string): string {
    return this.#took(this.#enter().calloc(bytes), bytes, name);
  }

  memalign(alignment: number, bytes: number, name?: string): string {
    return this.#took(this.#enter().memalign(alignment, bytes), bytes, name);
  }

  valloc(bytes: number, name?: string): string {
    return this.#took(this.#enter().valloc(bytes), bytes, name);
  }

  pvalloc(bytes: number, name?: string): string {
    return this.#took(this.#enter().pvalloc(bytes), bytes, name);
  }

  /** Where the block is then; "NULL" when it could not be had, and the block is as it was. */
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

  /** malloc_trim(pad); the bytes that left the resident set */
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

  /** The thread's cached blocks of a chunk size, the next to be served first. */
  tcache(chunkBytes: number): string[] {
    const m = this.#enter();
    const list: string[] = [];
    let c = m.thread.entries[chunkBytes / GRANULE - 2]!;
    for (; c !== 0; c = m.chunks.words[c + FD]!) {
      list.push(placeOf(m, c));
    }
    return list;
  }

  /** As glibc names it; null while the thread has none. */
  get arena(): string | null {
    const { arena } = this.#enter().thread;
    return arena && (arena.main ? "main" : `arena${arena.id}`);
  }

  /** The chunk that holds a live block. */
  chunkOf(block: string): number {
    return this.#find(block);
  }

  /** chunksize of a block's chunk, which must not be mapped */
  chunkBytes(block: string): number {
    const { m } = this.shared;
    return m.chunks.words[this.#find(block) + SIZE]! * GRANULE;
  }

  /** The mapping of a mapped block. */
  mapping(block: string): Mapping {
    const { m } = this.shared;
    return m.mappings[m.chunks.words[this.#find(block) + HEAP]!]!;
  }

  /** The program writes bytes from..to-1 of a block. */
  write(block: string, from: number, to: number): void {
    this.#touch(this.#find(block), from, to);
    this.#done("");
  }

  #enter(): Ptmalloc {
    this.shared.m.enter(this.index);
    return this.shared.m;
  }

  #took(c: number, bytes: number, name: string | undefined): string {
    const { m, requested, named } = this.shared;
    if (c === 0) {
      return this.#done("NULL");
    }
    requested.set(c, bytes);
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

  /** By name, or by place where one live block only lies there. */
  #find(block: string): number {
    const { m, named, requested } = this.shared;
    const c = named.get(block);
    if (c !== undefined) {
      return c;
    }
    const there = [...requested.keys()].filter((live) => placeOf(m, live) === block);
    if (there.length !== 1) {
      throw new Error(`${there.length} live blocks are ${block}`);
    }
    return there[0]!;
  }
}

/** A process, which is its main thread too. */
export class Process extends Calls {
  constructor(shared: Shared) {
    super(shared, 0);
  }

  get m(): Ptmalloc {
    return this.shared.m;
  }

  /** pthread_create, without what it callocs itself */
  thread(): Calls {
    this.m.multiThreaded = true;
    return new Calls(this.shared, this.shared.threads++);
  }

  /** pthread_create by `creator`, with the calloc of the new thread's DTV for one TLS module (§6.4) */
  threadWithDtv(creator: Calls = this): Calls {
    creator.calloc(272, `dtv${this.shared.threads}`);
    return this.thread();
  }

  /** A copy with copies of its threads, in the memory of `recycled`. */
  clone(
    threads: readonly (Calls | undefined)[],
    recycled: Ptmalloc | null = null,
  ): [Process, (Calls | undefined)[]] {
    const { m, requested, named } = this.shared;
    const shared = {
      ...this.shared,
      m: m.clone(recycled),
      requested: new Map(requested),
      named: new Map(named),
    };
    return [new Process(shared), threads.map((t) => t && new Calls(shared, t.index))];
  }

  /** the program break, from the page of the initial one */
  get brk(): number {
    return this.m.brk;
  }

  /** size of an arena's top chunk */
  top(arena = 0): number {
    const { chunks, arenas } = this.m;
    return chunks.words[arenas[arena]!.top + SIZE]! * GRANULE;
  }

  /** Heap `nth` (1, 2, …) of an arena, as far as it exists. */
  heap(arena: number, nth = 1): Heap {
    const heap = this.m.arenas[arena]?.heaps[nth - 1];
    if (heap === undefined) {
      throw new Error(`arena${arena} has no heap ${nth}`);
    }
    return heap;
  }

  /** The chunks in a bin, from its front (fd) on. */
  chunksIn(index: number, arena = 0): number[] {
    const { chunks, arenas } = this.m;
    const head = arenas[arena]!.bins + index * STRIDE;
    const list: number[] = [];
    for (let c = chunks.words[head + FD]!; c !== head; c = chunks.words[c + FD]!) {
      list.push(c);
    }
    return list;
  }

  /** The blocks of the chunks in a bin, from its front (fd) on. Bin 1 is the unsorted one. */
  bin(index: number, arena = 0): string[] {
    return this.chunksIn(index, arena).map((c) => placeOf(this.m, c));
  }

  /** The sizes of the chunks in a bin, from its front on. */
  binBytes(index: number, arena = 0): number[] {
    return this.chunksIn(index, arena).map((c) => this.m.chunks.words[c + SIZE]! * GRANULE);
  }

  unsorted(arena = 0): string[] {
    return this.bin(UNSORTED, arena);
  }

  /** The blocks in the fastbin of a chunk size, head first. */
  fastbin(chunkBytes: number, arena = 0): string[] {
    const list: string[] = [];
    const { chunks, arenas } = this.m;
    let c = arenas[arena]!.fastbins[chunkBytes / GRANULE - 2]!;
    for (; c !== 0; c = chunks.words[c + FD]!) {
      list.push(placeOf(this.m, c));
    }
    return list;
  }

  /** Indices of the resident pages of a heap, as far as the allocator wrote, or the program did too. */
  resident(arena = 0, nth = 1, touched: "untouched" | "touched" = "untouched"): number[] {
    const plane = touched === "touched" ? PLANE_ALL : PLANE_NONE;
    const pages: number[] = [];
    this.heap(arena, nth).pages.forEach((planes, page) => {
      if (planes & plane) {
        pages.push(page);
      }
    });
    return pages;
  }

  /** resident pages of all heaps and mappings, in the planes none, policy, all */
  get planes(): [number, number, number] {
    const { nonePages, policyPages, allPages } = this.m.resident;
    return [nonePages, policyPages, allPages];
  }

  mallinfo(): ReturnType<typeof mallinfo2> {
    const { m } = this;
    return mallinfo2(m, census(m));
  }

  /** The tcache structs' blocks. */
  get tcacheStructs(): string[] {
    return this.m.tcacheStructs().map((c) => placeOf(this.m, c));
  }

  /** Every live block is freed, by this thread. */
  freeAll(): void {
    const { requested, named } = this.shared;
    named.clear();
    let n = 0;
    for (const c of requested.keys()) {
      named.set(`${n++}`, c);
    }
    this.free(...named.keys());
  }

  /**
   * A step of a random program (glibc-driver.ts). Thread `i` is `threads[i]` while it runs, the block of slot `i` is
   * named `si`. Returns what the call did.
   */
  step({ op, thread, slot, size, align }: Step, threads: (Calls | undefined)[]): string {
    const by = threads[thread]!;
    const name = `s${slot}`;
    const held = this.shared.named.has(name);
    switch (op) {
      case "malloc":
      case "calloc":
      case "valloc":
      case "pvalloc":
        return by[op](size, name);
      case "memalign":
      case "posixMemalign":
      case "alignedAlloc":
        return by.memalign(align, size, name);
      case "realloc":
        if (!held) {
          return by.malloc(size, name);
        }
        if (size > 0) {
          return by.realloc(name, size);
        }
        by.free(name);
        return "freed";
      case "free":
        if (held) {
          by.free(name);
        }
        return held ? "freed" : "free(NULL)";
      case "mallocTrim":
        return `trimmed ${by.trim(size)}`;
      case "mallopt":
        by.mallopt(align, size);
        return "set";
      case "sbrk":
        by.sbrk(size);
        return "moved";
      case "threadStart":
        threads[slot] = this.threadWithDtv(by);
        return "started";
      case "threadExit":
        threads[slot]!.exit();
        threads[slot] = undefined;
        return "ended";
    }
  }
}

function placeOf(m: Ptmalloc, c: number): string {
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

/** `count` calls' results, for the loops of the examples. */
export function times(count: number, call: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => call(i));
}

/** Blocks of the main heap, by their offsets from the initial break. */
export function main(...offsets: number[]): string[] {
  return offsets.map((offset) => `main+0x${offset.toString(16)}`);
}

/** Blocks of the first heap of the first arena besides the main one. */
export function arena1(...offsets: number[]): string[] {
  return offsets.map((offset) => `arena1+0x${offset.toString(16)}`);
}
