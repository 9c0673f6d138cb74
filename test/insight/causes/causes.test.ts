import { equal, ok } from "node:assert/strict";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CauseBytes, causesOf } from "../../../src/insight/causes/causes.ts";
import { SMALLEST_PAGE } from "../../../src/ptmalloc/chunks.ts";
import { bitOf, PLANE_ALL, PLANE_POLICY, PLANES } from "../../../src/ptmalloc/resident.ts";
import { type Process, process, times } from "../../support/model-driver.ts";
import { movesOf, programsOf, run, shapes } from "../../support/random-programs/programs.ts";

function causes({ m, shared: { requested } }: Process): CauseBytes {
  const eachBlock = (visit: (block: number, chunk: number) => void) =>
    [...requested.keys()].forEach((chunk, block) => {
      visit(block, chunk);
    });
  return causesOf(m, { eachBlock }, 0);
}

/** The causes in one plane, without those of no bytes. */
function inPlane(p: Process, plane: number): Partial<Record<keyof CauseBytes, number>> {
  const all = Object.entries(causes(p)).map(([cause, bytes]) => [cause, bytes[bitOf(plane)]]);
  return Object.fromEntries(all.filter(([, bytes]) => bytes !== 0));
}

const RUNS = 5;

describe.each(shapes)("random programs: $name", (shape) => {
  it("the causes add up to the resident bytes in every plane, and only unwritten memory is negative", () => {
    fc.assert(
      fc.property(programsOf(shape, movesOf(shape)), (program) => {
        // After every call: vitest's `expect` would take most of the time.
        const { p } = run(program, { unchecked: true }, (now) => {
          const found = causes(now);
          for (let bit = 0; bit < PLANES; bit++) {
            const sum = Object.values(found).reduce((all, bytes) => all + bytes[bit]!, 0);
            equal(sum, now.m.resident.pages[bit]! * SMALLEST_PAGE);
          }
          const { unwritten, ...others } = found;
          ok(Math.max(...unwritten) <= 0);
          equal(Math.min(...Object.values(others).map((bytes) => Math.min(...bytes))), 0);
        });
        const { requested } = p.shared;
        const { live, mapped } = causes(p);
        const sizes = [...requested.values()].reduce((sum, bytes) => sum + bytes, 0);
        expect(live[0]! + mapped[0]!).toBe(sizes);
      }),
      { numRuns: RUNS },
    );
  });

  it("malloc_trim returns what is returnable, once fastbins are consolidated", () => {
    fc.assert(
      fc.property(programsOf(shape, movesOf(shape)), (program) => {
        const { p } = run(program, { unchecked: true });
        // With this pad the top stays. The first call consolidates.
        const pad = 2 ** 45;
        p.trim(pad);
        expect([...causes(p).returnable]).toEqual(new Array(PLANES).fill(0));
      }),
      { numRuns: RUNS },
    );
  });
});

describe("the cause of a resident byte", () => {
  it("is live, overhead, tcache, fastbin, bin, or top", () => {
    const p = process("2.36", {}, { touch: "all" });
    const small = times(9, (i) => p.malloc(24, `small${i}`));
    const large = p.malloc(20000);
    p.malloc(100, "guard");
    p.free(...small, large);
    const found = inPlane(p, PLANE_ALL);
    expect(found).toMatchObject({ live: 100, tcache: 7 * 32, fastbins: 2 * 32 });
    // From 0x3b0 on: pages 1 to 4 lie within the chunk of 20016 bytes, which ends at 0x5220.
    expect(found.returnable).toBe(4 * 4096);
    expect(found.pinned).toBe(20016 - 4 * 4096);
    // The tcache struct, and the guard's header and rounding.
    expect(found.overhead).toBe(656 + 12);
    expect(found.tops).toBe(6 * 4096 - 656 - 9 * 32 - 20016 - 112);
  });

  it("is none for pages that the program did not write: they are subtracted", () => {
    const p = process("2.36", {}, { touch: "none" });
    p.malloc(40000);
    p.malloc(500_000);
    const found = inPlane(p, PLANE_POLICY);
    expect(found.live).toBe(40000);
    expect(found.mapped).toBe(500_000);
    expect(found.unwritten).toBeLessThan(-500_000);
  });

  it("is an idle arena once its thread has freed all", () => {
    const p = process("2.36", {}, { touch: "all" });
    const t = p.thread();
    const blocks = times(20, (i) => t.malloc(5000, `b${i}`));
    expect(inPlane(p, PLANE_ALL).idleArenas).toBeUndefined();
    t.free(...blocks);
    const { idleArenas, tops } = inPlane(p, PLANE_ALL);
    expect(idleArenas).toBe(p.heap(1).pages.length * 4096);
    expect(tops).toBeUndefined();
  });
});
