import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeChunk, useArena } from "../../src/ptmalloc/place.ts";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { PLANE_ALL } from "../../src/ptmalloc/resident.ts";
import { MallocPar } from "../../src/ptmalloc/settings.ts";
import { BREAK_LIMIT } from "../../src/ptmalloc/size-classes.ts";
import { compareCopy, describeValue, eachField } from "../support/compare-copy.ts";
import type { Calls } from "../support/model-calls.ts";
import { process } from "../support/model-driver.ts";
import { sequencesOf } from "../support/random-programs/sequences.ts";
import { SHAPES, type Shape } from "../support/random-programs/shapes.ts";

/**
 * A copy of a process holds every field of the original and shares nothing that changes. Tests with random programs
 * in invariants.property.test.ts check that it also behaves the same.
 */

/** Objects that never change once made. */
const SHARED = new Set([
  // Shared leaves and mappings are copied before they change.
  "HeapPages.#leaves[]",
  "Ptmalloc.mappings[]",
  "Ptmalloc.machine",
  "Ptmalloc.profile",
  "Ptmalloc.trims[]",
  "Thread.detachingLater",
]);
const SKIPPED = new Set([
  // Tell which leaves and mappings are shared.
  "HeapPages.#isOwn",
  "Mapping.owner",
  "Ptmalloc.#owner",
  // Set by the owner of the copy.
  "Ptmalloc.witness",
  "Ptmalloc.trylock",
  "Ptmalloc.onRaise",
  // Objects to be used again.
  "ProcessThreads.#spare",
  // A cache, filled again on demand.
  "Heap.hints",
  "ChunkHints.#pages",
  "ChunkHints.#records",
]);
const RULES = { shared: SHARED, skipped: SKIPPED };
/** clone() finds objects by these, so they cannot be set to arbitrary values. */
const IDENTITIES = new Set([
  "Arena.bins",
  "Arena.id",
  "Heap.id",
  "Heap.kind",
  "Heap.serial",
  "Thread.index",
]);

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
  return withoutUnmappedHeaps(p.m);
}

/** `heaps` keeps heaps that were unmapped until their ids are used again; a copy has live ones only. */
function withoutUnmappedHeaps(m: Ptmalloc): Ptmalloc {
  const live = m.arenas.flatMap(({ heaps }) => heaps);
  m.heaps.length = 0;
  for (const heap of live) {
    m.heaps[heap.id] = heap;
  }
  return m;
}

const STATES: Record<string, () => Ptmalloc> = {
  "after thread ends": () => afterRandom(SHAPES.threads, "2.36", 600),
  "after heaps were unmapped": () => {
    const p = process("2.31", SHAPES.manyHeaps.env, { unchecked: true });
    const t = p.thread();
    const blocks = Array.from({ length: 10 }, () => t.malloc(20 * 2 ** 20));
    t.free(...blocks.reverse());
    return withoutUnmappedHeaps(p.m);
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

/** Sets every public field that holds a number, string or boolean to a value that no constructor gives it. */
function setEveryScalar(m: Ptmalloc): void {
  let next = 1_000_000;
  eachField(
    m,
    (field, value, owner) => {
      const key = field.slice(field.indexOf(".") + 1);
      if (IDENTITIES.has(field) || key.startsWith("#")) {
        return;
      }
      if (typeof value === "number") {
        Object.assign(owner, { [key]: next++ });
      } else if (typeof value === "boolean") {
        Object.assign(owner, { [key]: !value });
      } else if (typeof value === "string") {
        Object.assign(owner, { [key]: `${value} or another` });
      }
    },
    SHARED,
  );
}

describe.each(Object.entries(STATES))("a copy of a process %s", (_name, make) => {
  it("equals the original in every field and shares nothing", () => {
    const m = make();
    expect(compareCopy(m, m.clone(), RULES)).toEqual([]);
  });

  it("has the value of every scalar field", () => {
    const m = make();
    setEveryScalar(m);
    expect(compareCopy(m, m.clone(), RULES)).toEqual([]);
  });

  it("equals the original if it takes the memory of another process", () => {
    const m = make();
    const recycled = afterRandom(SHAPES.threads, "2.36", 300);
    const copy = m.clone(recycled);
    // Words behind the last record hold what the recycled process left there.
    const length = Math.min(m.chunks.words.length, copy.chunks.words.length);
    const used = m.chunks.words.subarray(0, length).findLastIndex((word) => word !== 0) + 1;
    expect(copy.chunks.words.subarray(0, used)).toEqual(m.chunks.words.subarray(0, used));
    const skipped = new Set([...SKIPPED, "Chunks.words"]);
    expect(compareCopy(m, copy, { shared: SHARED, skipped })).toEqual([]);
  });
});

it("every field has another value than at first in one of these states", () => {
  const values = new Map<string, Set<string>>();
  const collect = (m: Ptmalloc) =>
    eachField(
      m,
      (field, value) => {
        values.set(field, (values.get(field) ?? new Set()).add(describeValue(value)));
      },
      SHARED,
    );
  const profile = profileOf("2.36")!;
  collect(new Ptmalloc(profile, new MallocPar(profile), 1));
  for (const make of Object.values(STATES)) {
    const m = make();
    collect(m);
    setEveryScalar(m);
    collect(m);
  }
  const neverSet = [...values]
    .filter(([field, seen]) => seen.size === 1 && !SKIPPED.has(field) && !IDENTITIES.has(field))
    .map(([field, [value]]) => [field, value])
    .filter(([, value]) => value !== "filled" && !value?.startsWith("an object"));
  expect(neverSet).toEqual([]);
});

it("a copy has no witness, no trylock and no onRaise", () => {
  const { m } = process("2.36");
  m.trylock = () => true;
  m.onRaise = () => {};
  expect(m.clone()).toMatchObject({ witness: null, trylock: null, onRaise: null });
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
  const [ours, theirs] = [p.m, copy].map((m) => m.ownMappingOf(c));
  expect(ours).not.toBe(theirs);
  expect(compareCopy(ours!, theirs!, { skipped: new Set(["Mapping.owner"]) })).toEqual([]);
  copy.write(c, 0, 400_000, PLANE_ALL);
  expect([ours!.pages(PLANE_ALL), theirs!.pages(PLANE_ALL)]).toEqual([3, 98]);
  expect(p.m.ownMappingOf(c)).toBe(ours);
});
