import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { census } from "../../src/ptmalloc/census.ts";
import { GRANULE, SMALLEST_PAGE as PAGE } from "../../src/ptmalloc/chunks.ts";
import { startBreakAt } from "../../src/ptmalloc/extent.ts";
import { type HeapMap, heapMaps, MAX_CELLS } from "../../src/ptmalloc/heap-map.ts";
import { placeChunk } from "../../src/ptmalloc/place.ts";
import { PROFILES } from "../../src/ptmalloc/profile.ts";
import { bitOf, PLANE_ALL, PLANE_NONE, PLANE_POLICY } from "../../src/ptmalloc/resident.ts";
import type { Calls } from "../support/model-calls.ts";
import { type Process, process, times } from "../support/model-driver.ts";
import { sequencesOf } from "../support/random-programs/sequences.ts";
import { SHAPES, type Shape } from "../support/random-programs/shapes.ts";

const only = (p: Process, plane = PLANE_ALL): HeapMap => heapMaps(p.m, plane).heaps[0]!;

describe("the map of a heap", () => {
  it("distinguishes full, partly free, free and absent pages", () => {
    const p = process("2.36", { MALLOC_TOP_PAD_: "0" }, { touch: "all" });
    // Chunks of 4096 bytes from 0x290 on: each page holds the end of one and the start of the next.
    const blocks = times(8, (i) => {
      p.malloc(4096 - 8, `b${i}`);
      return `b${i}`;
    });
    expect(only(p)).toMatchObject({ pages: 9, resident: "xxxxxxxxx", free: "000000008" });
    p.free(...blocks.slice(2, 5));
    // 0x2290 to 0x5290
    expect(only(p)).toMatchObject({
      resident: "xxxxxxxxx",
      free: "008xx2008",
      fullPages: 4,
      partlyFreePages: 3,
      freePages: 2,
      absentPages: 0,
      inUseBytes: 5 * 4096,
      freeBytes: 3 * 4096 + p.top(),
      topmostBlock: { offsetBytes: 0x7290, bytes: 4096 },
    });
    p.trim(0);
    expect(only(p)).toMatchObject({ resident: "xxx00xxxx", absentPages: 2, freePages: 0 });
  });

  it("uses the resident pages of its plane", () => {
    const p = process("2.36", { MALLOC_TOP_PAD_: "0" });
    p.malloc(40_000, "big");
    expect(only(p, PLANE_NONE).resident).toBe("x00000000x");
    p.write("big", 0, 40_000);
    expect(only(p, PLANE_ALL).absentPages).toBe(0);
    expect(only(p, PLANE_NONE).absentPages).toBeGreaterThan(7);
  });

  it("has no topmost block if only tcache structs are in use", () => {
    const p = process("2.36");
    p.malloc(24, "one");
    p.free("one");
    expect(only(p)).toMatchObject({ topmostBlock: null, inUseBytes: 0 });
  });

  it.each([
    ["4 KiB", false],
    ["2 MiB", true],
  ])(
    "begins at the first known chunk if the initial break is unknown; pages of %s",
    (_size, hugePages) => {
      const late = process("2.36", {}, { unchecked: true });
      late.m.hugePages = hugePages;
      expect(startBreakAt(late.m, (2 ** 30 + 5 * PAGE) / GRANULE)).toBe(true);
      for (let i = 0; i < 600; i++) {
        late.malloc(PAGE - 8, `b${i}`);
      }
      const below = placeChunk(late.m, late.m.breakHeap, (2 ** 30 + 2 * PAGE) / GRANULE, 4);
      expect(below).not.toBe(0);
      const map = only(late);
      expect(map.pages).toBeLessThan(1200);
      expect(map.resident.startsWith("x")).toBe(true);
      expect(heapMaps(late.m, PLANE_ALL).pagesPerCell).toBe(1);
      const { offsetBytes } = map.topmostBlock ?? { offsetBytes: 0 };
      expect(map.resident[Math.floor(offsetBytes / PAGE)]).toBe("x");
      expect(offsetBytes).toBeGreaterThan(600 * PAGE);
      checkSums(late, PLANE_ALL);
      // The page table covers the known chunks only.
      expect(late.m.breakHeap.pages.length).toBeLessThan(2 ** 18 + 1200);
    },
  );

  it("of a large heap has several pages per cell, and rounds neither to 0 nor to all", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "33554432" }, { unchecked: true });
    times(20, (i) => p.malloc(8 * 1024 * 1024, `b${i}`));
    p.write("b0", 0, 8 * 1024 * 1024);
    const { pagesPerCell, heaps } = heapMaps(p.m, PLANE_ALL);
    const [{ pages, resident, free } = only(p)] = heaps;
    expect(pagesPerCell).toBe(8);
    expect(resident.length).toBe(Math.ceil(pages / 8));
    expect(free.length).toBe(resident.length);
    expect(resident.slice(0, 256)).toBe("x".repeat(256));
    // Of unwritten blocks the header is resident: one page in 2048.
    expect([...new Set(resident.slice(257))].sort()).toEqual(["0", "1"]);
  });
});

describe.each([
  SHAPES.mixed,
  SHAPES.trimmedThreads,
  SHAPES.manyHeaps,
  SHAPES.foreignBreaks,
] as const)("$name", (shape: Shape) => {
  it("maps add up to the census and to the resident pages", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROFILES.map(({ name }) => name)),
        sequencesOf(shape, { moves: [150, 150] }),
        fc.constantFrom(PLANE_NONE, PLANE_POLICY, PLANE_ALL),
        (glibc, [sequence], plane) => {
          const env: Readonly<Record<string, string>> = shape.env ?? {};
          const p = process(glibc, env, { touch: "half", unchecked: true });
          const threads: (Calls | undefined)[] = [p];
          for (const step of sequence!.steps) {
            p.step(step, threads);
          }
          checkSums(p, plane);
        },
      ),
      { numRuns: 20 },
    );
  });
});

function checkSums(p: Process, plane: number): void {
  const { pagesPerCell, heaps } = heapMaps(p.m, plane);
  let cells = 0;
  for (const { arena, pages, inUseBytes, free } of census(p.m)) {
    const own = heaps.filter(({ heap }) => heap.arena === arena);
    const sum = (of: (map: HeapMap) => number) => own.reduce((all, map) => all + of(map), 0);
    expect(own.length).toBe(arena.heaps.length);
    expect(sum((map) => map.inUseBytes)).toBe(inUseBytes);
    expect(sum((map) => map.freeBytes)).toBe(Object.values(free).reduce((a, b) => a + b, 0));
    expect(sum((map) => map.pages - map.absentPages)).toBe(pages[bitOf(plane)]);
    for (const map of own) {
      checkMap(map, pagesPerCell);
    }
    cells += sum((map) => map.resident.length);
  }
  expect(cells).toBeLessThanOrEqual(MAX_CELLS + heaps.length);
}

function checkMap(map: HeapMap, pagesPerCell: number): void {
  const { fullPages, partlyFreePages, freePages, absentPages } = map;
  expect(fullPages + partlyFreePages + freePages + absentPages).toBe(map.pages);
  expect(map.resident.length).toBe(Math.ceil(map.pages / pagesPerCell));
  expect(map.free.length).toBe(map.resident.length);
  // All free bytes lie within the heap's pages.
  expect(map.freeBytes).toBeLessThanOrEqual(map.pages * PAGE);
  if (pagesPerCell > 1) {
    return;
  }
  const states = [...map.resident].map((digit, i) => (digit === "0" ? "absent" : map.free[i]!));
  expect(states.filter((state) => state === "absent").length).toBe(absentPages);
  expect(states.filter((state) => state === "0").length).toBe(fullPages);
  expect(states.filter((state) => state === "x").length).toBe(freePages);
}
