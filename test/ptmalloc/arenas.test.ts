import { describe, expect, it } from "vitest";
import type { Arena } from "../../src/ptmalloc/arena.ts";
import type { Ptmalloc, Witness } from "../../src/ptmalloc/ptmalloc.ts";
import { type Calls, type Process, process, times } from "../support/model-driver.ts";

/** Threads that each make their first call in turn, and the arenas they got. */
function start(p: Process, count: number): { threads: Calls[]; arenas: (string | null)[] } {
  const threads = Array.from({ length: count }, () => p.thread());
  const arenas = threads.map((t) => {
    t.malloc(24);
    return t.arena;
  });
  return { threads, arenas };
}

describe("how many there are (§6.1)", () => {
  it.each([
    [1, {}, 9],
    [2, {}, 16],
    [4, {}, 32],
    // 15 and main
    [2, { MALLOC_ARENA_TEST: "2" }, 16],
    // computed late: two exist when it is found that one CPU allows 8
    [1, { MALLOC_ARENA_TEST: "1" }, 8],
    [2, { MALLOC_ARENA_MAX: "1" }, 1],
    [2, { MALLOC_ARENA_MAX: "4" }, 4],
    [2, { MALLOC_ARENA_MAX: "40" }, 40],
  ])("%d CPUs, %o: at most %d, main's included (T20)", (cpus, settings, most) => {
    const p = process("2.36", settings, { cpus, unchecked: true });
    start(p, 50);
    expect(p.m.arenas.length).toBe(most);
  });

  it("mallopt(M_ARENA_MAX) holds from then on", () => {
    const p = process("2.36");
    p.mallopt(-8, 2);
    expect(start(p, 3).arenas).toEqual(["arena1", "main", "arena1"]);
  });
});

describe("which one a thread gets (§6.1)", () => {
  it("main has the main one from the start, others none until they need one", () => {
    const p = process("2.36");
    const t = p.thread();
    expect([p.arena, t.arena]).toEqual(["main", null]);
    t.malloc(24);
    expect([p.arena, t.arena]).toEqual(["main", "arena1"]);
  });

  it("over the limit in turn, from main on, in the order of the list: the newest after main (T19)", () => {
    const { arenas } = start(process("2.36", { MALLOC_ARENA_MAX: "4" }), 9);
    const made = ["arena1", "arena2", "arena3"];
    expect(arenas).toEqual([...made, "main", "arena3", "arena2", "arena1", "main", "arena3"]);
  });

  it("over the limit the first whose lock is free, and the one to start with where none is", () => {
    const p = process("2.36", { MALLOC_ARENA_MAX: "4" });
    const { threads } = start(p, 3);
    expect(threads.map((t) => t.arena)).toEqual(["arena1", "arena2", "arena3"]);
    const free = [false, false, true, false, false, false, false, true];
    let asked = 0;
    p.m.trylock = () => free[asked++]!;
    // main and arena3 are held, arena2 is free; from arena1 on, its next, all four are held, then it is free
    expect(start(p, 3).arenas).toEqual(["arena2", "arena1", "main"]);
    expect(asked).toBe(8);
  });

  it("is told beforehand that a thread may have to share one", () => {
    const p = process("2.36", { MALLOC_ARENA_MAX: "2" });
    expect(p.m.mayReuseArena(0)).toBe(false);
    p.malloc(24);
    expect([p.m.mayReuseArena(0), p.m.mayReuseArena(1)]).toEqual([false, false]);
    const t = p.thread();
    t.malloc(24);
    expect([p.m.mayReuseArena(0), p.m.mayReuseArena(1)]).toEqual([false, false]);
    expect(p.m.mayReuseArena(2)).toBe(true);
    t.exit();
    // its arena is free again
    expect(p.m.mayReuseArena(2)).toBe(false);
  });

  it("is never open with one arena alone", () => {
    const p = process("2.36", { MALLOC_ARENA_MAX: "1" });
    p.malloc(24);
    expect(p.m.mayReuseArena(1)).toBe(false);
  });

  it.each([1, 2])("is open with %d CPUs from the limit on", (cpus) => {
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

  it("arenas left by their threads go to the next ones, the latest first (T19)", () => {
    const p = process("2.36");
    const { threads } = start(p, 3);
    for (const t of [threads[1]!, threads[0]!, threads[2]!]) {
      t.exit();
    }
    expect(start(p, 4).arenas).toEqual(["arena3", "arena1", "arena2", "arena4"]);
  });

  it("free and realloc of a block of another arena leave the thread's own alone", () => {
    const p = process("2.36");
    const [t, u] = start(p, 2).threads;
    t!.malloc(2000, "a");
    u!.realloc("a", 3000);
    expect(u!.arena).toBe("arena2");
  });
});

describe("an arena that threads share is free when (§6.1)", () => {
  /** Two arenas; the first and the third thread share arena1, and the first ends. */
  function sharerGone(glibc: string): string | null {
    const p = process(glibc, { MALLOC_ARENA_MAX: "2" });
    const { threads, arenas } = start(p, 3);
    expect(arenas).toEqual(["arena1", "main", "arena1"]);
    threads[0]!.exit();
    return start(p, 1).arenas[0]!;
  }

  it.each(["2.17", "2.19", "2.22"])("%s: any of them has ended", (glibc) => {
    expect(sharerGone(glibc)).toBe("arena1");
  });

  it.each(["2.23", "2.36", "2.43"])("%s: the last of them has", (glibc) => {
    expect(sharerGone(glibc)).toBe("main");
  });

  it("2.17: one that is pushed twice stays on the list for ever (§6.1)", () => {
    const p = process("2.17", { MALLOC_ARENA_MAX: "2" });
    const { threads } = start(p, 3);
    threads[0]!.exit();
    threads[2]!.exit();
    expect(start(p, 3).arenas).toEqual(["arena1", "arena1", "arena1"]);
  });
});

describe("when the arena has no memory (§6.5)", () => {
  const NO_MAPPINGS = { MALLOC_MMAP_THRESHOLD_: "1000000" };

  /** The next block of 140000 bytes that main asks for fails in the main arena (trap T8). */
  function aboutToFail(settings: Record<string, string> = {}): Process {
    const p = process("2.36", { ...NO_MAPPINGS, ...settings });
    p.malloc(100);
    return p;
  }

  it("a process of one thread gets NULL", () => {
    const p = aboutToFail();
    p.sbrk(4096);
    expect(p.malloc(140000)).toBe("NULL");
  });

  it("memalign alike: NULL, or the next arena", () => {
    const single = aboutToFail();
    single.sbrk(4096);
    expect(single.memalign(64, 140000)).toBe("NULL");
    const threaded = aboutToFail();
    start(threaded, 1);
    threaded.sbrk(4096);
    // a heap that is sized by the request has its first chunk at 0x8d0
    expect(threaded.memalign(64, 140000)).toBe("arena2+0x900");
  });

  it("from the main arena a thread moves to a new one, for good", () => {
    const p = aboutToFail();
    start(p, 1);
    p.sbrk(4096);
    expect(p.malloc(140000)).toBe("arena2+0x8e0");
    expect([p.malloc(2000), p.arena]).toEqual(["arena2+0x22bd0", "arena2"]);
  });

  it("to an arena from the free list, if one is there", () => {
    const p = aboutToFail();
    start(p, 1).threads[0]!.exit();
    p.sbrk(4096);
    // next to what the thread left, its block of 24 bytes
    expect(p.malloc(140000)).toMatch(/^arena1\+/);
  });

  it("over the limit it is the next in turn, which may be the main arena again [ran 2.36]", () => {
    const p = aboutToFail({ MALLOC_ARENA_MAX: "2" });
    expect(start(p, 1).arenas).toEqual(["arena1"]);
    p.sbrk(4096);
    expect(p.malloc(140000)).toBe("main+0x22010");
    expect(p.arena).toBe("main");
  });

  it("who has moved counts no more among the main arena's threads [ran 2.36]", () => {
    const p = aboutToFail({ MALLOC_ARENA_MAX: "3" });
    start(p, 1);
    p.sbrk(4096);
    p.malloc(140000);
    expect(p.arena).toBe("arena2");
    // The only thread of the main arena ends: main's arena is free for the next.
    const [last] = start(p, 1).threads;
    expect(last!.arena).toBe("main");
    last!.exit();
    expect(start(p, 1).arenas).toEqual(["main"]);
  });

  it("from another arena the main one serves, for this call only", () => {
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

describe("the first heap (§6.2, §6.3)", () => {
  it("holds the tcache struct, and a pad", () => {
    const p = process("2.36");
    p.thread().malloc(24);
    expect([p.heap(1).size, p.m.arenas[1]!.systemMem]).toEqual([0x21000, 0x21000]);
  });

  it("is of 32 KiB at least", () => {
    const p = process("2.36", { MALLOC_TOP_PAD_: "0" });
    p.thread().malloc(24);
    expect(p.heap(1).size).toBe(0x8000);
  });

  it.each([
    ["2.23", 0x115000],
    ["2.36", 0x21000],
    ["2.42", 0x115000],
    ["2.43", 0x115000],
  ])("%s: is sized by what the first call asks of the arena: %d (T26)", (glibc, size) => {
    const p = process(glibc);
    p.thread().malloc(1000000);
    expect(p.heap(1).size).toBe(size);
  });

  it("memalign asks for room to align, too", () => {
    const p = process("2.36");
    p.thread().memalign(65536, 100000);
    const asked = 100000 + 65536 + 32 + 48 + 2200 + 16 + 131072;
    expect(p.heap(1).size).toBe(Math.ceil(asked / 4096) * 4096);
  });

  it("of more than 64 MiB is made without the request, which is mapped", () => {
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

/** Somebody who has seen which arena the next thread got, and notes what that says of the free list. */
class Onlooker implements Witness {
  sees: Arena | "new" | null = null;
  readonly passedOver: number[][] = [];

  constructor(m: Ptmalloc) {
    m.witness = this;
  }

  arenaShown(): Arena | "new" | null {
    return this.sees;
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

describe("a thread whose arena somebody has seen (§12.3)", () => {
  /** Threads 1, 2 and 3 have left their arenas in turn, and may give up to `most` of them. */
  function left(most: string): { p: Process; onlooker: Onlooker } {
    const p = process("2.36", { MALLOC_ARENA_MAX: most });
    const { threads } = start(p, 3);
    for (const t of threads) {
      t.exit();
    }
    return { p, onlooker: new Onlooker(p.m) };
  }

  it.each([
    ["arena3", 3, []],
    ["arena2", 2, [[3]]],
    ["arena1", 1, [[3, 2]]],
  ])("gets %s from the free list, whatever came to lie on it since", (name, id, passedOver) => {
    const { p, onlooker } = left("64");
    onlooker.sees = p.m.arenas[id]!;
    expect(start(p, 1).arenas).toEqual([name]);
    expect(onlooker.passedOver).toEqual(passedOver);
    onlooker.sees = null;
    const rest = ["arena3", "arena2", "arena1"].filter((other) => other !== name);
    expect(start(p, 3).arenas).toEqual([...rest, "arena4"]);
  });

  it("gets a new one where those on the list were not yet left, unless there may be no more", () => {
    const { p, onlooker } = left("64");
    onlooker.sees = "new";
    expect(start(p, 1).arenas).toEqual(["arena4"]);
    expect(onlooker.passedOver).toEqual([[3, 2, 1]]);
    const full = left("4");
    full.onlooker.sees = "new";
    expect(start(full.p, 1).arenas).toEqual(["arena3"]);
    expect(full.onlooker.passedOver).toEqual([]);
  });

  it("shares one only at the limit, and the search for the next goes on from there", () => {
    const { p, onlooker } = left("4");
    onlooker.sees = p.m.mainArena;
    expect(start(p, 1).arenas).toEqual(["main"]);
    expect(onlooker.passedOver).toEqual([[3, 2, 1]]);
    expect(p.m.nextToUse).toBe(p.m.arenas[3]);
    const below = left("64");
    below.onlooker.sees = below.p.m.mainArena;
    expect(start(below.p, 1).arenas).toEqual(["arena3"]);
    expect(below.onlooker.passedOver).toEqual([]);
  });

  it("shares the one whose lock was free", () => {
    const p = process("2.36", { MALLOC_ARENA_MAX: "4" });
    start(p, 3);
    const onlooker = new Onlooker(p.m);
    onlooker.sees = p.m.arenas[2]!;
    expect(start(p, 1).arenas).toEqual(["arena2"]);
    expect(onlooker.passedOver).toEqual([[]]);
    onlooker.sees = null;
    expect(start(p, 2).arenas).toEqual(["arena1", "main"]);
  });

  it("chooses without those that leave late", () => {
    const { p } = left("64");
    p.m.witness = null;
    p.m.attachesBefore(4, [3, 1]);
    p.m.attachesBefore(5, [3, 1]);
    expect(start(p, 3).arenas).toEqual(["arena2", "arena4", "arena3"]);
    const full = left("4");
    full.p.m.witness = null;
    full.p.m.attachesBefore(4, [1, 2, 3]);
    expect(full.p.m.mayReuseArena(4)).toBe(true);
    expect(full.p.m.mayReuseArena(5)).toBe(false);
    expect(start(full.p, 2).arenas).toEqual(["main", "arena3"]);
  });
});
