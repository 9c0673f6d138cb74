import { expect, it } from "vitest";
import { census, mallinfo2 } from "../../src/ptmalloc/census.ts";
import { type Process, process } from "../support/model-driver.ts";

/** A foreign sbrk that is detected after trims that it prevented (ptmalloc2.md §4.5, §12.7). */

const SETTINGS = { MALLOC_TOP_PAD_: "0", MALLOC_TRIM_THRESHOLD_: "65536" };

/** The visible state of the main heap. */
function state({ m, brk }: Process) {
  const pages = m.resident.pages.slice();
  const returned = m.resident.returned.slice();
  const calls = m.systemCalls.brk;
  return { brk, pages, returned, calls, mallinfo: mallinfo2(m, census(m)), heap: m.breakHeap.size };
}

function blocks(p: Process, count: number): void {
  for (let i = 0; i < count; i++) {
    p.malloc(40000, `b${i}`);
  }
}

function free(p: Process, ...from: number[]): void {
  for (const i of from) {
    p.free(`b${i}`);
  }
}

it.each([
  ["one trim", (p: Process) => free(p, 9, 8, 7)],
  ["several", (p: Process) => free(p, 9, 8, 7, 6, 5, 4)],
  [
    "trims between which the top grew",
    (p: Process) => {
      free(p, 9, 8, 7);
      p.malloc(60000, "more");
      p.malloc(50000, "and more");
      p.free("and more");
      free(p, 6);
    },
  ],
])("undoes %s", (_name, freeing) => {
  const [early, late] = [0, 1].map(() => process("2.36", SETTINGS, { touch: "half" }));
  if (early === undefined || late === undefined) {
    throw new Error("expected two processes");
  }
  late.m.trims = [];
  for (const p of [early, late]) {
    blocks(p, 10);
  }
  early.sbrk(65536);
  for (const p of [early, late]) {
    freeing(p);
  }
  expect(late.m.trims.length).toBeGreaterThan(0);
  expect(state(late)).not.toEqual(state(early));
  late.m.foreignSbrk(65536, late.m.trims.length);
  expect(state(late)).toEqual(state(early));
  for (const p of [early, late]) {
    p.malloc(120000, "last");
  }
  expect(late.m.trims).toEqual([]);
  expect(state(late)).toEqual(state(early));
});

it("records no trims by default", () => {
  const p = process("2.36", SETTINGS);
  blocks(p, 10);
  free(p, 9, 8, 7);
  expect(p.m.trims).toBeNull();
});
