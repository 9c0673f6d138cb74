import { ok } from "node:assert/strict";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { census } from "../../src/ptmalloc/census.ts";
import { SMALLEST_PAGE as PAGE } from "../../src/ptmalloc/chunks.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { PLANE_ALL } from "../../src/ptmalloc/resident.ts";
import { hasUnnestedPlanes } from "../support/heap-pages.ts";
import type { Process } from "../support/model-driver.ts";
import {
  movesOf,
  type Program,
  programsOf,
  run,
  shapes,
} from "../support/random-programs/programs.ts";

/**
 * Random programs with all calls, several threads and thread ends, on every profile and under every setting. The driver
 * checks all invariants after every call; these tests check further properties.
 */

/** each with a random profile and setting */
const RUNS = 15;

describe.each(shapes)("$name", (shape) => {
  const moves = movesOf(shape);

  it("the invariants hold after every call, and RSS is bounded", () => {
    fc.assert(
      fc.property(programsOf(shape, moves), (program) => {
        run(program, {}, checkRss);
      }),
      { numRuns: RUNS },
    );
  });

  it("nothing is left after all blocks are freed, all threads end, and malloc_trim", () => {
    fc.assert(
      fc.property(programsOf(shape, moves), (program) => {
        const { p, threads } = run(program, { unchecked: true });
        p.freeAll();
        for (const t of threads) {
          if (t !== p) {
            t?.exit();
          }
        }
        p.exit();
        p.trim(0);
        checkGone(p, program);
      }),
      { numRuns: RUNS },
    );
  });

  it("a copy behaves like the original and does not affect it", () => {
    fc.assert(
      fc.property(programsOf(shape, moves), (program) => {
        const { steps } = program.sequence;
        const [first, second] = [steps.slice(0, steps.length / 2), steps.slice(steps.length / 2)];
        const { p, threads } = run({ ...program, sequence: { steps: first } }, { unchecked: true });
        const [copy, copies] = p.clone(threads);
        const state = () => [p.mallinfo(), p.planes, p.brk];
        const before = state();
        const copied = second.map((step) => `${copy.step(step, copies)} ${copy.planes}`);
        checkInvariants(copy.m);
        expect(state()).toEqual(before);
        checkInvariants(p.m);
        expect(second.map((step) => `${p.step(step, threads)} ${p.planes}`)).toEqual(copied);
        expect(copy.mallinfo()).toEqual(p.mallinfo());
      }),
      { numRuns: RUNS / 3 },
    );
  });

  it("two runs are equal", () => {
    fc.assert(
      fc.property(programsOf(shape, moves), (program) => {
        const [one, two] = [run(program, { unchecked: true }), run(program, { unchecked: true })];
        expect(two.trace).toEqual(one.trace);
        expect(two.p.mallinfo()).toEqual(one.p.mallinfo());
      }),
      { numRuns: RUNS / 3 },
    );
  });
});

/**
 * The planes are nested page by page; resident pages are part of the kernel's memory. Checked after every call: vitest's
 * `expect` would take most of the time.
 */
function checkRss(p: Process): void {
  const [none, policy, all] = p.planes;
  ok(none <= policy && policy <= all, `${p.planes}`);
  // Memory from the program's own sbrk calls shares pages with malloc's.
  const foreign = p.brk - p.m.mainArena.systemMem;
  // A huge page may reach above the end of a heap that has shrunk.
  if (!p.m.hugePages) {
    const most = Math.ceil((p.m.systemBytes + foreign) / PAGE);
    ok(all <= most, `${all} of ${most} pages`);
  }
  for (const av of p.m.arenas) {
    for (const heap of av.heaps) {
      ok(!hasUnnestedPlanes(heap.pages));
    }
  }
  for (const mapping of p.m.mappings) {
    if (mapping !== null) {
      ok(mapping.pages(PLANE_ALL) * PAGE <= mapping.totalBytes);
    }
  }
}

/** Nothing is in use or cached; the main heap consists of top, trimmed to its minimum. */
function checkGone(p: Process, { sequence }: Program): void {
  expect([p.m.inUseBytes, p.m.mappedBlocks, p.m.mappedBytes, p.m.mappedLeadBytes]).toEqual([
    0, 0, 0, 0,
  ]);
  const arenas = census(p.m);
  for (const { inUseBytes, free } of arenas) {
    expect([inUseBytes, free.tcache, free.fastbins]).toEqual([0, 0, 0]);
  }
  // Fenceposts stay where the program moved the break.
  if (sequence.steps.some(({ op }) => op === "sbrk")) {
    return;
  }
  const { free, systemBytes } = arenas[0]!;
  expect([free.unsorted, free.smallbins, free.largebins]).toEqual([0, 0, 0]);
  expect([free.top, p.brk]).toEqual([systemBytes, systemBytes]);
  expect(systemBytes).toBeLessThanOrEqual(2 * (p.m.thpBytes || PAGE));
}
