import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { placeChunk, useArena } from "../../src/ptmalloc/place.ts";
import type { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { PLANE_ALL } from "../../src/ptmalloc/resident.ts";
import { BREAK_LIMIT } from "../../src/ptmalloc/size-classes.ts";
import { imageOf } from "../support/core-image.ts";
import type { Calls } from "../support/model-calls.ts";
import { process } from "../support/model-driver.ts";
import { sequencesOf } from "../support/random-programs/sequences.ts";
import { SHAPES, type Shape } from "../support/random-programs/shapes.ts";

/**
 * A copy of a process holds all memory of the original and shares nothing. Tests with random programs in
 * invariants.property.test.ts check that it also behaves the same.
 */

/** The process after a random program; the same in each run of the test. */
function afterRandom(shape: Shape, glibc: string, moves: number, hugePages = false): Ptmalloc {
  const p = process(glibc, shape.env, { touch: "half", unchecked: true });
  p.m.hugePages = hugePages;
  p.m.trims = [];
  const [sequences] = fc.sample(sequencesOf(shape, { moves: [moves, moves] }), {
    numRuns: 1,
    seed: 7,
  });
  const threads: (Calls | undefined)[] = [p];
  for (const step of sequences![0]!.steps) {
    p.step(step, threads);
  }
  return p.m;
}

const STATES: Record<string, () => Ptmalloc> = {
  "after thread ends": () => afterRandom(SHAPES.threads, "2.36", 600),
  "after heaps were unmapped": () => {
    const p = process("2.31", SHAPES.manyHeaps.env, { unchecked: true });
    const t = p.thread();
    const blocks = Array.from({ length: 10 }, () => t.malloc(20 * 2 ** 20));
    t.free(...blocks.reverse());
    return p.m;
  },
  "with several heaps": () => afterRandom(SHAPES.manyHeaps, "2.22", 300),
  "after trims": () => afterRandom(SHAPES.trims, "2.41", 600),
  "with huge pages": () => {
    const m = afterRandom(SHAPES.large, "2.43", 300, true);
    m.malloc(50 * 2 ** 20);
    m.malloc(2 ** 40);
    return m;
  },
  "with scattered pages, a thread without an arena, and arenas on the free list": () => {
    const p = process("2.36", {}, { unchecked: true });
    const threads = [p.thread(), p.thread(), p.thread()];
    for (const t of threads) {
      t.malloc(100);
    }
    p.m.enter(1);
    useArena(p.m, p.m.arenas[2]!);
    for (const t of threads) {
      t.exit();
    }
    p.malloc(400_000, "mapped");
    p.malloc(200_000, "unmapped");
    p.free("unmapped");
    p.write("mapped", 0, 10);
    p.m.write(p.chunkOf("mapped"), 4096 * 20, 4096 * 21, PLANE_ALL);
    p.m.attachesBefore(9, [1, 2]);
    return p.m;
  },
  "with more threads than are kept as objects": () => {
    const p = process("2.36", {}, { unchecked: true });
    const threads = Array.from({ length: 200 }, () => p.thread());
    for (const [n, t] of threads.entries()) {
      t.malloc(24, `first of ${n}`);
      t.malloc(1000, `second of ${n}`);
      t.free(`second of ${n}`, `first of ${n}`);
    }
    threads[0]!.exit();
    p.malloc(24);
    return p.m;
  },
  "on a machine with pages of 64 KiB": () => {
    const machine = { arch: "aarch64", pageBytes: 65536 } as const;
    const settings = { "glibc.malloc.hugetlb": "1" };
    const p = process("2.43", settings, { machine, unchecked: true });
    p.malloc(400_000);
    return p.m;
  },
  "with unlogged chunks and a region mapped for the main arena": () => {
    const p = process("2.36", {}, { unchecked: true });
    p.malloc(24);
    placeChunk(p.m, p.m.breakHeap, 10_000, 4);
    p.sbrk(BREAK_LIMIT - p.brk - 4096);
    p.malloc(100_000);
    p.malloc(100_000);
    return p.m;
  },
};

/** Goes on for a while, as a process that was copied does. */
function goOn(m: Ptmalloc): void {
  m.enter(0);
  const blocks = [24, 1000, 5000, 150_000, 24].map((size) => m.malloc(size));
  m.free(m.realloc(blocks[1]!, 3000));
  m.free(blocks[3]!);
  m.enter(3);
  m.malloc(100);
  m.exitThread();
  m.mallocTrim(0);
}

describe.each(Object.entries(STATES))("a copy of a process %s", (_name, make) => {
  it("has all of its memory, and shares nothing", () => {
    const m = make();
    const before = imageOf(m);
    const copy = m.clone();
    expect(imageOf(copy).compare(before)).toBe(0);
    checkInvariants(copy);
    goOn(copy);
    expect(imageOf(m).compare(before)).toBe(0);
    goOn(m);
    expect(imageOf(copy).compare(imageOf(m))).toBe(0);
  });

  it("is equal if it takes the memory of another process", () => {
    const m = make();
    const copy = m.clone(afterRandom(SHAPES.threads, "2.36", 300));
    expect(imageOf(copy).compare(imageOf(m))).toBe(0);
    goOn(copy);
    goOn(m);
    expect(imageOf(copy).compare(imageOf(m))).toBe(0);
  });

  it("is the same after it was parked", () => {
    const m = make();
    const copy = m.clone();
    m.core.park();
    goOn(m);
    goOn(copy);
    copy.core.park();
    expect(imageOf(copy).compare(imageOf(m))).toBe(0);
    checkInvariants(m);
  });
});

it("a copy has no witness, no trylock and no onRaise", () => {
  const { m } = process("2.36");
  m.trylock = () => true;
  m.onRaise = () => {};
  expect(m.clone()).toMatchObject({ witness: null, trylock: null, onRaise: null });
});

it("more processes than there are instances keep their states", () => {
  const { m } = process("2.36");
  const copies = Array.from({ length: 100 }, (_, n) => {
    const copy = m.clone();
    copy.malloc(n * 1000);
    return copy;
  });
  for (const copy of copies) {
    copy.malloc(64);
  }
  for (const [n, copy] of copies.entries()) {
    const alone = m.clone();
    alone.malloc(n * 1000);
    alone.malloc(64);
    expect(imageOf(copy).compare(imageOf(alone))).toBe(0);
  }
});

it("copies of a process with very many unmapped blocks", () => {
  const { m } = process("2.36", { MALLOC_MMAP_MAX_: "2147483647" }, { unchecked: true });
  const chunks = Array.from({ length: 200_000 }, () => m.malloc(200_000));
  for (const c of chunks) {
    m.free(c);
  }
  expect(m.clone().mappings.length).toBe(200_000);
});

it("a copy and its original change mappings of their own", () => {
  const p = process("2.36", {}, { unchecked: true });
  const c = p.m.malloc(400_000);
  p.m.memalign(1024, 200_000);
  p.m.write(c, 4096 * 20, 4096 * 21, PLANE_ALL);
  const copy = p.m.clone();
  copy.write(c, 0, 400_000, PLANE_ALL);
  const [ours, theirs] = [p.m, copy].map((m) => m.mappingOf(c).pages(PLANE_ALL));
  expect([ours, theirs]).toEqual([3, 98]);
});
