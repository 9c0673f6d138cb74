import { readFileSync } from "node:fs";
import { census, mallinfo2 } from "../../src/ptmalloc/census.ts";
import { ADDR, GRANULE, HEAP, MAPPED, SIZE, STATE } from "../../src/ptmalloc/chunks.ts";
import type { Heap } from "../../src/ptmalloc/heap.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { type Machine, X86_64 } from "../../src/ptmalloc/machine.ts";
import type { Profile } from "../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { EVERY_PLANE, PLANE_ALL, PLANE_NONE, PLANE_POLICY } from "../../src/ptmalloc/resident.ts";
import { applySetting, MallocPar } from "../../src/ptmalloc/settings.ts";
import { startOf } from "../../src/replay/pointers/address-map.ts";
import { Op } from "../../src/trace/event.ts";
import { RealOp } from "./glibc-program.ts";
import { placeOf, type RealRun } from "./glibc-run.ts";
import { pagesIn } from "./heap-pages.ts";

const PAGE = 4096;

/** This machine's /sys/kernel/mm/transparent_hugepage/enabled; "never" where there is none. */
function thpMode(): Machine["thp"] {
  try {
    const modes = readFileSync("/sys/kernel/mm/transparent_hugepage/enabled", "utf8");
    return modes.includes("[always]")
      ? "always"
      : modes.includes("[madvise]")
        ? "madvise"
        : "never";
  } catch {
    return "never";
  }
}

/**
 * Replays a real process in the model, and compares the place of every block, and the break after every call; and at the
 * end the size and the resident pages of every heap and mapping, and mallinfo2.
 *
 * @returns the process in the model, at its end
 * @throws Error the first difference
 */
export function compareWithModel(
  run: RealRun,
  profile: Profile,
  env: Readonly<Record<string, string>>,
  touch: "all" | "none",
): Ptmalloc {
  if (run.outcome !== "finished") {
    throw new Error(`step ${run.outcome.step}: the program died: ${run.outcome.died}`);
  }
  const par = new MallocPar(profile);
  for (const [name, value] of settingsIn(env)) {
    const refused = applySetting(par, profile, name, value);
    // glibc ignores a tunable that it does not have.
    if (refused !== null && refused !== `glibc ${profile.name} has no ${name}`) {
      throw new Error(refused);
    }
  }
  const m = new Ptmalloc(profile, par, run.onlineCpus, run.startBreak % PAGE, {
    ...X86_64,
    thp: thpMode(),
  });
  m.breakHeap.start = startOf(run.startBreak - (run.startBreak % PAGE));
  // The driver has asked for the break.
  m.calledSbrk = true;
  m.systemCalls.knowsBreak = true;
  const twin = new Twin(m, run, touch);
  for (let i = 0; i < run.events.count; i++) {
    twin.step(i);
  }
  twin.compareEnd();
  checkInvariants(m);
  return m;
}

/** Names and values of the settings in an environment, one entry for each tunable. */
export function settingsIn(env: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (name !== "GLIBC_TUNABLES") {
      return [[name, value]];
    }
    return value.split(":").map<[string, string]>((one) => {
      const at = one.indexOf("=");
      return [one.slice(0, at), one.slice(at + 1)];
    });
  });
}

class Twin {
  readonly #m: Ptmalloc;
  readonly #run: RealRun;
  readonly #touch: "all" | "none";
  readonly #chunkOf = new Map<number, number>();
  readonly #sizeOf = new Map<number, number>();
  readonly #baseOf = new Map<number, number>();

  constructor(m: Ptmalloc, run: RealRun, touch: "all" | "none") {
    this.#m = m;
    this.#run = run;
    this.#touch = touch;
  }

  step(i: number): void {
    const { events, startBreak } = this.#run;
    const m = this.#m;
    const pointer = events.pointerOut[i]!;
    const from = events.pointerIn[i]!;
    m.enter(events.thread[i]!);
    const chunk = this.#call(i);
    const isAllocation = events.op[i]! <= Op.pvalloc;
    if (isAllocation) {
      this.#comparePlace(i, chunk);
    }
    if (from !== 0 && (events.op[i] === Op.free || (events.op[i] === Op.realloc && chunk !== -1))) {
      if (pointer !== 0 || events.op[i] === Op.free || events.size[i] === 0) {
        this.#chunkOf.delete(from);
      }
    }
    if (isAllocation && pointer !== 0) {
      const before = events.op[i] === Op.realloc ? (this.#sizeOf.get(from) ?? 0) : 0;
      const size = events.size[i]!;
      this.#chunkOf.set(pointer, chunk);
      this.#sizeOf.set(pointer, size);
      if (this.#touch === "all" && size > before) {
        m.write(chunk, before, size, PLANE_ALL | PLANE_POLICY);
      }
    }
    const brk = events.brk[i]! - startBreak + (startBreak % PAGE);
    this.#must(i, m.brk === brk, `break 0x${m.brk.toString(16)}, in glibc 0x${brk.toString(16)}`);
  }

  #call(i: number): number {
    const { events } = this.#run;
    const m = this.#m;
    const size = events.size[i]!;
    const align = events.align[i]!;
    const chunk = this.#chunkOf.get(events.pointerIn[i]!) ?? 0;
    switch (events.op[i]!) {
      case Op.malloc:
        return m.malloc(size);
      case Op.calloc:
        return m.calloc(size);
      case Op.realloc:
        if (events.pointerIn[i] === 0) {
          return m.malloc(size);
        }
        if (size === 0) {
          // As any realloc, it removes the initial hook (§5.2).
          m.initialHookDone = true;
          m.free(chunk);
          return 0;
        }
        this.#countReads(i, chunk);
        return m.realloc(chunk, size);
      case Op.memalign:
        return m.memalign(align, size);
      case Op.valloc:
        return m.valloc(size);
      case Op.pvalloc:
        return m.pvalloc(size);
      case Op.free:
        if (chunk !== 0) {
          m.free(chunk);
        }
        return 0;
      case Op.mallocTrim:
        m.mallocTrim(size);
        return 0;
      case Op.mallopt:
        m.mallopt(align, size);
        return 0;
      case RealOp.sbrk:
        m.foreignSbrk(size);
        return 0;
      case RealOp.threadStart:
        // pthread_create makes the process multi-threaded.
        m.multiThreaded = true;
        return 0;
      case Op.threadExit:
        m.exitThread();
        return 0;
      default:
        throw new Error(`unknown op ${events.op[i]} from the driver`);
    }
  }

  /**
   * A realloc that moves a block reads all of it. Without a shared zero page (see glibc-driver.c) the kernel makes pages
   * resident that were never written; the model does not know that.
   */
  #countReads(i: number, chunk: number): void {
    const { events, residencyExact } = this.#run;
    const w = this.#m.chunks.words;
    const moves = events.pointerOut[i] !== 0 && events.pointerOut[i] !== events.pointerIn[i];
    if (residencyExact || !moves || w[chunk + STATE] === MAPPED) {
      return;
    }
    this.#m.write(chunk, 0, w[chunk + SIZE]! * GRANULE - 8, EVERY_PLANE);
  }

  #comparePlace(i: number, chunk: number): void {
    const real = placeOf(this.#run, i);
    const mine = this.#place(chunk);
    if (real.kind !== "heap" || mine.kind !== "heap") {
      const same = real.kind === mine.kind && ("offset" in real ? real.offset : 0) === mine.offset;
      this.#must(i, same, `${mine.kind}+0x${mine.offset.toString(16)}, in glibc ${text(real)}`);
      return;
    }
    const { serial } = mine.heap;
    if (!this.#baseOf.has(serial)) {
      this.#baseOf.set(serial, real.heap);
    }
    const same = this.#baseOf.get(serial) === real.heap && mine.offset === real.offset;
    this.#must(i, same, `heap ${serial}+0x${mine.offset.toString(16)}, in glibc ${text(real)}`);
  }

  #place(chunk: number) {
    if (chunk === 0) {
      return { kind: "null", offset: 0 } as const;
    }
    const w = this.#m.chunks.words;
    const offset = (w[chunk + ADDR]! + 1) * GRANULE;
    if (w[chunk + STATE] === MAPPED) {
      return { kind: "mmapped", offset: offset % PAGE } as const;
    }
    const heap: Heap = this.#m.heapOf(chunk);
    if (heap.kind === "arena") {
      return { kind: "heap", heap, offset } as const;
    }
    return { kind: "main", offset: offset - (this.#run.startBreak % PAGE) } as const;
  }

  compareEnd(): void {
    const m = this.#m;
    const run = this.#run;
    const end = run.events.count;
    const plane = this.#touch === "all" ? PLANE_ALL : PLANE_NONE;
    this.#samePages("main heap's resident pages", m.breakHeap, run.main.residentPages);
    const heaps = m.arenas.flatMap((av) => (av.main ? [] : av.heaps));
    this.#same(end, "number of heaps", heaps.length, run.heaps.length);
    for (const heap of heaps) {
      const real = run.heaps.find(({ base }) => base === this.#baseOf.get(heap.serial));
      if (real === undefined) {
        continue;
      }
      this.#same(end, "heap size", heap.size, real.size);
      this.#same(end, "heap mprotect_size", heap.mprotectSize, real.mprotectSize);
      this.#samePages("heap's pages", heap, real.residentPages);
    }
    // The driver knows the mappings of its own blocks only.
    const w = m.chunks.words;
    const structs = m.tcacheStructs().filter((c) => w[c + STATE] === MAPPED);
    const ofGlibc = new Set(structs.map((c) => w[c + HEAP]));
    this.#same(
      end,
      "mappings (bytes, pages)",
      m.mappings
        .flatMap((one, id) =>
          one === null || ofGlibc.has(id)
            ? []
            : [[one.totalBytes, m.hugePages ? 0 : one.pages(plane)]],
        )
        .sort(byFirst),
      run.mapped
        .map(({ bytes, residentPages }) => [bytes, m.hugePages ? 0 : residentPages.length])
        .sort(byFirst),
    );
    const mine = mallinfo2(m, census(m));
    this.#same(end, "mallinfo2", mine, { ...run.mallinfo, usmblks: 0 });
  }

  /** With huge pages the model's resident pages are an upper bound (§9.1). */
  #samePages(name: string, heap: Heap, real: Iterable<number>): void {
    const mine = pagesIn(heap.pages, this.#touch === "all" ? PLANE_ALL : PLANE_NONE);
    const bounded = this.#m.hugePages ? mine.filter((page) => new Set(real).has(page)) : mine;
    this.#same(this.#run.events.count, name, bounded, [...real]);
  }

  #same(i: number, name: string, mine: unknown, real: unknown): void {
    const [a, b] = [JSON.stringify(mine), JSON.stringify(real)];
    this.#must(i, a === b, `${name} ${a}, in glibc ${b}`);
  }

  #must(i: number, holds: boolean, difference: string): void {
    if (holds) {
      return;
    }
    const { events } = this.#run;
    const at = i < events.count ? `event ${i} (step ${events.step[i]})` : "the end";
    throw new Error(`at ${at}: ${difference}`);
  }
}

function byFirst(a: number[], b: number[]): number {
  return a[0]! - b[0]! || a[1]! - b[1]!;
}

function text(place: ReturnType<typeof placeOf>): string {
  return "offset" in place ? `${place.kind}+0x${place.offset.toString(16)}` : place.kind;
}
