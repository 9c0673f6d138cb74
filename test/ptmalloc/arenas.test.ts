import { describe, expect, it } from "vitest";
import type { Arena } from "../../src/ptmalloc/arena.ts";
import type { Ptmalloc, Witness } from "../../src/ptmalloc/ptmalloc.ts";
import type { Calls } from "../support/model-calls.ts";
import { type Process, process, times } from "../support/model-driver.ts";

/** Threads that make their first call one after another, and the arenas they get. */
function start(p: Process, count: number): { threads: Calls[]; arenas: (string | null)[] } {
  const threads = Array.from({ length: count }, () => p.thread());
  const arenas = threads.map((t) => {
    t.malloc(24);
    return t.arena;
  });
  return { threads, arenas };
}

describe("number of arenas (§6.1)", () => {
  it.each([
    [1, {}, 9],
    [2, {}, 16],
    [4, {}, 32],
    // 15, and main
    [2, { MALLOC_ARENA_TEST: "2" }, 16],
    // with one CPU the limit of 8 is computed only once two arenas exist
    [1, { MALLOC_ARENA_TEST: "1" }, 8],
    [2, { MALLOC_ARENA_MAX: "1" }, 1],
    [2, { MALLOC_ARENA_MAX: "4" }, 4],
    [2, { MALLOC_ARENA_MAX: "40" }, 40],
  ])("%d CPUs, %o: at most %d, the main arena included (T20)", (cpus, settings, most) => {
    const p = process("2.36", settings, { cpus, unchecked: true });
    start(p, 50);
    expect(p.m.arenas.length).toBe(most);
  });

  it.each([
    [1, {}, 8],
    [8, {}, 8],
    [12, {}, 12],
    [2, { MALLOC_ARENA_TEST: "4" }, 4],
    [2, { MALLOC_ARENA_TEST: "1" }, 2],
    [2, { MALLOC_ARENA_MAX: "9" }, 9],
  ])("2.44, %d CPUs, %o: at most %d", (cpus, settings, most) => {
    const p = process("2.44", settings, { cpus, unchecked: true });
    start(p, 50);
    expect(p.m.arenas.length).toBe(most);
    expect(p.m.mayReuseArena(51)).toBe(true);
  });

  it("mallopt(M_ARENA_MAX) applies from then on", () => {
    const p = process("2.36");
    p.mallopt(-8, 2);
    expect(start(p, 3).arenas).toEqual(["arena1", "main", "arena1"]);
  });
});

describe("choice of an arena for a thread (§6.1)", () => {
  it("the main thread has the main arena from the start, others have none until they need one", () => {
    const p = process("2.36");
    const t = p.thread();
    expect([p.arena, t.arena]).toEqual(["main", null]);
    t.malloc(24);
    expect([p.arena, t.arena]).toEqual(["main", "arena1"]);
  });

  it("at the limit, arenas are reused in list order from main on, the newest after main (T19)", () => {
    const { arenas } = start(process("2.36", { MALLOC_ARENA_MAX: "4" }), 9);
    const made = ["arena1", "arena2", "arena3"];
    expect(arenas).toEqual([...made, "main", "arena3", "arena2", "arena1", "main", "arena3"]);
  });

  it("at the limit, the first arena with a free lock, or the starting one if all are locked", () => {
    const p = process("2.36", { MALLOC_ARENA_MAX: "4" });
    const { threads } = start(p, 3);
    expect(threads.map((t) => t.arena)).toEqual(["arena1", "arena2", "arena3"]);
    const free = [false, false, true, false, false, false, false, true];
    let calls = 0;
    p.m.trylock = () => free[calls++]!;
    // First main and arena3 are locked, arena2 is free; then all are locked, from arena1 on; then main is free.
    expect(start(p, 3).arenas).toEqual(["arena2", "arena1", "main"]);
    expect(calls).toBe(8);
  });

  it("mayReuseArena predicts that a thread may get an arena in use", () => {
    const p = process("2.36", { MALLOC_ARENA_MAX: "2" });
    expect(p.m.mayReuseArena(0)).toBe(false);
    p.malloc(24);
    expect([p.m.mayReuseArena(0), p.m.mayReuseArena(1)]).toEqual([false, false]);
    const t = p.thread();
    t.malloc(24);
    expect([p.m.mayReuseArena(0), p.m.mayReuseArena(1)]).toEqual([false, false]);
    expect(p.m.mayReuseArena(2)).toBe(true);
    t.exit();
    // its arena is on the free list
    expect(p.m.mayReuseArena(2)).toBe(false);
  });

  it("mayReuseArena is true of a second thread with a single arena", () => {
    const p = process("2.36", { MALLOC_ARENA_MAX: "1" });
    p.malloc(24);
    expect([p.m.mayReuseArena(0), p.m.mayReuseArena(1)]).toEqual([false, true]);
  });

  it.each([1, 2])("mayReuseArena is true from the limit of %d CPUs on", (cpus) => {
    const p = process("2.36", {}, { cpus, unchecked: true });
    p.malloc(24);
    const most = Math.max(9, 8 * cpus);
    for (let thread = 1; thread < most; thread++) {
      expect(p.m.mayReuseArena(thread)).toBe(false);
      p.thread().malloc(24);
    }
    expect(p.m.arenas.length).toBe(most);
    expect(p.m.mayReuseArena(most)).toBe(true);
  });

  it("arenas of ended threads go to the next threads, the latest first (T19)", () => {
    const p = process("2.36");
    const { threads } = start(p, 3);
    for (const t of [threads[1]!, threads[0]!, threads[2]!]) {
      t.exit();
    }
    expect(start(p, 4).arenas).toEqual(["arena3", "arena1", "arena2", "arena4"]);
  });

  it.each([
    ["2.24", "arena1"],
    ["2.25", "arena2"],
  ])("%s: an arena that is reused although it is free then goes to %s", (glibc, next) => {
    const p = process(glibc, { MALLOC_ARENA_MAX: "3" });
    const { threads } = start(p, 2);
    // A thread that attached before the first two ended found the free list empty, and reused an arena.
    const early = p.thread();
    threads[1]!.exit();
    threads[0]!.exit();
    p.m.nextToUse = p.m.arenas[1]!;
    p.m.attachesBefore(early.index, [1, 2]);
    early.malloc(24);
    expect(early.arena).toBe("arena1");
    expect(start(p, 1).arenas).toEqual([next]);
  });

  it("free and realloc of a block in another arena do not attach the thread to it", () => {
    const p = process("2.36");
    const [t, u] = start(p, 2).threads;
    t!.malloc(2000, "a");
    u!.realloc("a", 3000);
    expect(u!.arena).toBe("arena2");
  });
});

describe("a shared arena joins the free list (§6.1)", () => {
  /** Two arenas; the first and the third thread share arena1, and the first ends. */
  function sharerGone(glibc: string): string | null {
    const p = process(glibc, { MALLOC_ARENA_MAX: "2" });
    const { threads, arenas } = start(p, 3);
    expect(arenas).toEqual(["arena1", "main", "arena1"]);
    threads[0]!.exit();
    return start(p, 1).arenas[0]!;
  }

  it.each(["2.17", "2.19", "2.22"])("%s: when any of its threads ends", (glibc) => {
    expect(sharerGone(glibc)).toBe("arena1");
  });

  it.each(["2.23", "2.36", "2.43"])("%s: when its last thread ends", (glibc) => {
    expect(sharerGone(glibc)).toBe("main");
  });

  it("2.17: an arena that is pushed twice stays on the list for ever (§6.1)", () => {
    const p = process("2.17", { MALLOC_ARENA_MAX: "2" });
    const { threads } = start(p, 3);
    threads[0]!.exit();
    threads[2]!.exit();
    expect(start(p, 3).arenas).toEqual(["arena1", "arena1", "arena1"]);
  });
});

describe("retry when the arena has no memory (§6.5)", () => {
  const NO_MAPPINGS = { MALLOC_MMAP_THRESHOLD_: "1000000" };

  /** The next malloc(140000) of the main thread fails in the main arena (trap T8). */
  function aboutToFail(settings: Record<string, string> = {}): Process {
    const p = process("2.36", { ...NO_MAPPINGS, ...settings });
    p.malloc(100);
    return p;
  }

  it("a process with one thread gets NULL", () => {
    const p = aboutToFail();
    p.sbrk(4096);
    expect(p.malloc(140000)).toBe("NULL");
  });

  it("memalign behaves the same: NULL, or another arena", () => {
    const single = aboutToFail();
    single.sbrk(4096);
    expect(single.memalign(64, 140000)).toBe("NULL");
    const threaded = aboutToFail();
    start(threaded, 1);
    threaded.sbrk(4096);
    // the first chunk of a new heap is at 0x8d0
    expect(threaded.memalign(64, 140000)).toBe("arena2+0x900");
  });

  it("a thread of the main arena moves to a new one for good", () => {
    const p = aboutToFail();
    start(p, 1);
    p.sbrk(4096);
    expect(p.malloc(140000)).toBe("arena2+0x8e0");
    expect([p.malloc(2000), p.arena]).toEqual(["arena2+0x22bd0", "arena2"]);
  });

  it("a thread of the main arena moves to one on the free list, if there is one", () => {
    const p = aboutToFail();
    start(p, 1).threads[0]!.exit();
    p.sbrk(4096);
    // above the 24-byte block that the ended thread left
    expect(p.malloc(140000)).toMatch(/^arena1\+/);
  });

  it("at the limit the next reused arena may be the main arena again [ran 2.36]", () => {
    const p = aboutToFail({ MALLOC_ARENA_MAX: "2" });
    expect(start(p, 1).arenas).toEqual(["arena1"]);
    p.sbrk(4096);
    expect(p.malloc(140000)).toBe("main+0x22010");
    expect(p.arena).toBe("main");
  });

  it("a thread that moved no longer counts as attached to the main arena [ran 2.36]", () => {
    const p = aboutToFail({ MALLOC_ARENA_MAX: "3" });
    start(p, 1);
    p.sbrk(4096);
    p.malloc(140000);
    expect(p.arena).toBe("arena2");
    // The only thread of the main arena ends, so that arena is on the free list.
    const [last] = start(p, 1).threads;
    expect(last!.arena).toBe("main");
    last!.exit();
    expect(start(p, 1).arenas).toEqual(["main"]);
  });

  it("a thread of another arena uses the main arena for this call only", () => {
    const huge = { MALLOC_MMAP_THRESHOLD_: `${2 ** 25}`, MALLOC_TRIM_THRESHOLD_: `${2 ** 25}` };
    const p = process("2.36", huge);
    const t = p.thread();
    times(2, () => t.malloc(29500000));
    t.malloc(5000000, "last");
    t.free("last");
    expect(t.malloc(9000000)).toMatch(/^main/);
    expect([t.arena, t.malloc(24)]).toEqual(["arena1", expect.stringMatching(/^arena1\+/)]);
  });
});

describe("the first heap of an arena (§6.2, §6.3)", () => {
  it("has space for the tcache struct and top_pad", () => {
    const p = process("2.36");
    p.thread().malloc(24);
    expect([p.heap(1).size, p.m.arenas[1]!.systemMem]).toEqual([0x21000, 0x21000]);
  });

  it("is at least 32 KiB", () => {
    const p = process("2.36", { MALLOC_TOP_PAD_: "0" });
    p.thread().malloc(24);
    expect(p.heap(1).size).toBe(0x8000);
  });

  it.each([
    ["2.23", 0x115000],
    ["2.36", 0x21000],
    ["2.42", 0x115000],
    ["2.43", 0x115000],
  ])("%s: its size follows from the first request to the arena: %d (T26)", (glibc, size) => {
    const p = process(glibc);
    p.thread().malloc(1000000);
    expect(p.heap(1).size).toBe(size);
  });

  it("memalign requests space for the alignment, too", () => {
    const p = process("2.36");
    p.thread().memalign(65536, 100000);
    const requested = 100000 + 65536 + 32 + 48 + 2200 + 16 + 131072;
    expect(p.heap(1).size).toBe(Math.ceil(requested / 4096) * 4096);
  });

  it("for a request above 64 MiB is created without it, and the request is mapped", () => {
    const p = process("2.23");
    expect(p.thread().malloc(2 ** 26)).toBe("mmapped+0x10");
    expect(p.heap(1).size).toBe(0x21000);
  });

  it.each([
    ["2.17", 0x8c0],
    ["2.23", 0x8c0],
    ["2.26", 0xb10],
    ["2.27", 0xb20],
    ["2.31", 0xb60],
    ["2.36", 0xb70],
    ["2.41", 0xb70],
    ["2.42", 0xbe0],
    ["2.43", 0x880],
  ])("%s: its first block is at %d (§2.3)", (glibc, offset) => {
    expect(process(glibc).thread().malloc(24)).toBe(`arena1+0x${offset.toString(16)}`);
  });
});

/** Evidence of the arena that the next thread gets; records what is reported about the free list. */
class FakeWitness implements Witness {
  shown: Arena | "new" | null = null;
  readonly passedOver: number[][] = [];

  constructor(m: Ptmalloc) {
    m.witness = this;
  }

  arenaShown(): Arena | "new" | null {
    return this.shown;
  }

  choseArena(passedOver: readonly Arena[]): void {
    this.passedOver.push(passedOver.map(({ detachedBy }) => detachedBy));
  }

  sharesArena(): boolean {
    return false;
  }

  sharesMainArena(): boolean {
    return false;
  }

  isMapped(_av: Arena, _bytes: number, mapped: boolean): boolean {
    return mapped;
  }
}

describe("a thread whose arena is known from a witness (§12.3)", () => {
  /** Threads 1, 2 and 3 have ended one after another; at most `most` arenas may exist. */
  function afterThreadEnds(most: string): { p: Process; witness: FakeWitness } {
    const p = process("2.36", { MALLOC_ARENA_MAX: most });
    const { threads } = start(p, 3);
    for (const t of threads) {
      t.exit();
    }
    return { p, witness: new FakeWitness(p.m) };
  }

  it.each([
    ["arena3", 3, []],
    ["arena2", 2, [[3]]],
    ["arena1", 1, [[3, 2]]],
  ])("gets %s from the free list, even if others were pushed later", (name, id, passedOver) => {
    const { p, witness } = afterThreadEnds("64");
    witness.shown = p.m.arenas[id]!;
    expect(start(p, 1).arenas).toEqual([name]);
    expect(witness.passedOver).toEqual(passedOver);
    witness.shown = null;
    const rest = ["arena3", "arena2", "arena1"].filter((other) => other !== name);
    expect(start(p, 3).arenas).toEqual([...rest, "arena4"]);
  });

  it("gets a new arena although the list has arenas of threads that detached later, unless at the limit", () => {
    const { p, witness } = afterThreadEnds("64");
    witness.shown = "new";
    expect(start(p, 1).arenas).toEqual(["arena4"]);
    expect(witness.passedOver).toEqual([[3, 2, 1]]);
    const full = afterThreadEnds("4");
    full.witness.shown = "new";
    expect(start(full.p, 1).arenas).toEqual(["arena3"]);
    expect(full.witness.passedOver).toEqual([]);
  });

  it("reuses an arena only at the limit, and the next search continues from it", () => {
    const { p, witness } = afterThreadEnds("4");
    witness.shown = p.m.mainArena;
    expect(start(p, 1).arenas).toEqual(["main"]);
    expect(witness.passedOver).toEqual([[3, 2, 1]]);
    expect(p.m.nextToUse).toBe(p.m.arenas[3]);
    const below = afterThreadEnds("64");
    below.witness.shown = below.p.m.mainArena;
    expect(start(below.p, 1).arenas).toEqual(["arena3"]);
    expect(below.witness.passedOver).toEqual([]);
  });

  it("reuses the arena whose lock was free", () => {
    const p = process("2.36", { MALLOC_ARENA_MAX: "4" });
    start(p, 3);
    const witness = new FakeWitness(p.m);
    witness.shown = p.m.arenas[2]!;
    expect(start(p, 1).arenas).toEqual(["arena2"]);
    expect(witness.passedOver).toEqual([[]]);
    witness.shown = null;
    expect(start(p, 2).arenas).toEqual(["arena1", "main"]);
  });

  it("does not get arenas of threads that detach later", () => {
    const { p } = afterThreadEnds("64");
    p.m.witness = null;
    p.m.attachesBefore(4, [3, 1]);
    p.m.attachesBefore(5, [3, 1]);
    expect(start(p, 3).arenas).toEqual(["arena2", "arena4", "arena3"]);
    const full = afterThreadEnds("4");
    full.p.m.witness = null;
    full.p.m.attachesBefore(4, [1, 2, 3]);
    expect(full.p.m.mayReuseArena(4)).toBe(true);
    expect(full.p.m.mayReuseArena(5)).toBe(false);
    expect(start(full.p, 2).arenas).toEqual(["main", "arena3"]);
  });
});
