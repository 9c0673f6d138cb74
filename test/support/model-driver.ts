import { census, mallinfo2 } from "../../src/ptmalloc/census.ts";
import { FD, GRANULE, SIZE, STRIDE } from "../../src/ptmalloc/chunks.ts";
import type { Heap } from "../../src/ptmalloc/heap.ts";
import { X86_64 } from "../../src/ptmalloc/machine.ts";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { PLANE_ALL, PLANE_NONE } from "../../src/ptmalloc/resident.ts";
import { applySetting, MallocPar } from "../../src/ptmalloc/settings.ts";
import { UNSORTED } from "../../src/ptmalloc/size-classes.ts";
import type { Step } from "./glibc-program.ts";
import { pagesIn } from "./heap-pages.ts";
import { Calls, type ProcessOptions, placeOf, type Shared } from "./model-calls.ts";

/**
 * Calls on the model that read like a short program, with places as in ptmalloc2.md §11.2:
 *
 *     const p = process("2.36", { MALLOC_TOP_PAD_: "0" });
 *     p.malloc(24)             "main+0x2a0", which is also the name of its block
 *     p.malloc(200000, "big")  "mmapped+0x10"; its block is named "big"
 *     p.free("big")
 *     const t = p.thread();
 *     t.malloc(100)            "arena1+0xb70"; "arena1.heap2+0x40" in its second heap
 *
 * Offsets are relative to the page of the initial break, to the heap's base, or to the start of the mapping. After every
 * call all invariants are checked.
 */
export function process(
  glibc: string,
  settings: Readonly<Record<string, string>> = {},
  options: ProcessOptions = {},
): Process {
  const profile = profileOf(glibc);
  if (profile === null) {
    throw new Error(`there is no profile for ${glibc}`);
  }
  const par = new MallocPar(profile);
  for (const [name, value] of Object.entries(settings)) {
    const refused = applySetting(par, profile, name, value);
    if (refused !== null) {
      throw new Error(refused);
    }
  }
  const machine = { ...X86_64, ...options.machine };
  const m = new Ptmalloc(profile, par, options.cpus ?? 2, options.initialBreak, machine);
  m.breakHeap.start = (options.breakBase ?? 0) / GRANULE;
  m.enter(0);
  return new Process({ m, options, requested: new Map(), named: new Map(), threads: 1 });
}

/** A process, which is also its main thread. */
export class Process extends Calls {
  constructor(shared: Shared) {
    super(shared, 0);
  }

  get m(): Ptmalloc {
    return this.shared.m;
  }

  /** pthread_create, without its calloc of the DTV */
  thread(): Calls {
    this.m.multiThreaded = true;
    return new Calls(this.shared, this.shared.threads++);
  }

  /** pthread_create by `creator`, with the calloc of the new thread's DTV for one TLS module (§6.4) */
  threadWithDtv(creator: Calls = this): Calls {
    creator.calloc(272, `dtv${this.shared.threads}`);
    return this.thread();
  }

  /** An independent copy of the process and of its threads, in the memory of `recycled`. */
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

  /** the program break, relative to the page of the initial one */
  get brk(): number {
    return this.m.brk;
  }

  /** size of an arena's top chunk */
  top(arena = 0): number {
    const { chunks, arenas } = this.m;
    return chunks.words[arenas[arena]!.top + SIZE]! * GRANULE;
  }

  /** Heap `nth` (1, 2, …) of an arena. */
  heap(arena: number, nth = 1): Heap {
    const heap = this.m.arenas[arena]?.heaps[nth - 1];
    if (heap === undefined) {
      throw new Error(`arena${arena} has no heap ${nth}`);
    }
    return heap;
  }

  /** The chunks in a bin, starting at its front (fd). */
  chunksIn(index: number, arena = 0): number[] {
    const { chunks, arenas } = this.m;
    const head = arenas[arena]!.bins + index * STRIDE;
    const list: number[] = [];
    for (let c = chunks.words[head + FD]!; c !== head; c = chunks.words[c + FD]!) {
      list.push(c);
    }
    return list;
  }

  /** The blocks of the chunks in a bin, starting at its front (fd). Bin 1 is the unsorted one. */
  bin(index: number, arena = 0): string[] {
    return this.chunksIn(index, arena).map((c) => placeOf(this.m, c));
  }

  /** The sizes of the chunks in a bin, starting at its front. */
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

  /** Indices of a heap's resident pages: those that the allocator wrote or, with "touched", the program as well. */
  resident(arena = 0, nth = 1, touched: "untouched" | "touched" = "untouched"): number[] {
    const plane = touched === "touched" ? PLANE_ALL : PLANE_NONE;
    return pagesIn(this.heap(arena, nth).pages, plane);
  }

  /** resident pages of all heaps and mappings, in the planes none, policy, all */
  get planes(): [number, number, number] {
    const { resident } = this.m;
    return [resident.pagesIn(PLANE_NONE), resident.policyPages, resident.pagesIn(PLANE_ALL)];
  }

  mallinfo(): ReturnType<typeof mallinfo2> {
    const { m } = this;
    return mallinfo2(m, census(m));
  }

  /** The tcache structs' blocks. */
  get tcacheStructs(): string[] {
    return this.m.tcacheStructs().map((c) => placeOf(this.m, c));
  }

  /** This thread frees every live block. */
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
   * Makes a step of a program for glibc-driver.ts. Thread `i` is `threads[i]` while it runs; the block of slot `i` is
   * named `si`. Returns the effect of the call.
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

/** The results of `count` calls. */
export function times(count: number, call: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => call(i));
}

/** Blocks of the main heap, by their offsets from the page of the initial break. */
export function main(...offsets: number[]): string[] {
  return offsets.map((offset) => `main+0x${offset.toString(16)}`);
}

/** Blocks of the first heap of the first arena besides the main one. */
export function arena1(...offsets: number[]): string[] {
  return offsets.map((offset) => `arena1+0x${offset.toString(16)}`);
}
