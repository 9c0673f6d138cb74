import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PageRuns } from "../../src/ptmalloc/page-runs.ts";
import { EVERY_PLANE, PLANES } from "../../src/ptmalloc/resident.ts";

const MOST = 60;

type Kind = "add" | "remove" | "resize" | "copy";

const planes = fc.integer({ min: 0, max: EVERY_PLANE });
const step = fc.record({
  kind: fc.constantFrom<Kind>("add", "add", "remove", "resize", "copy"),
  // Ascending; ranges may overlap, be empty, or reach beyond the last page.
  ranges: fc
    .array(fc.tuple(fc.nat(MOST), fc.nat(10)), { maxLength: 4 })
    .map((list) => [...list].sort((a, b) => a[0] - b[0] || a[1] - b[1])),
  planes,
  unless: fc.oneof(fc.constant(0), planes),
  pages: fc.integer({ min: 1, max: MOST }),
});

describe("the pages of a mapping, in runs", () => {
  it("are as if there were a byte for each", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: "max" }), (steps) => {
        let runs = new PageRuns(20);
        let bytes = new Array<number>(20).fill(0);
        for (const { kind, ranges, planes, unless, pages } of steps) {
          const flat = ranges.flatMap(([from, length]) => [from, from + length]);
          const isIn = (page: number) =>
            ranges.some(([from, length]) => page >= from && page < from + length);
          switch (kind) {
            case "add":
              runs.add(flat, planes);
              bytes = bytes.map((one, page) => (isIn(page) ? one | planes : one));
              break;
            case "remove":
              runs.remove(flat, planes, unless);
              bytes = bytes.map((one, page) =>
                isIn(page) && !(one & unless) ? one & ~planes : one,
              );
              break;
            case "resize":
              runs.resize(pages);
              bytes = Array.from({ length: pages }, (_, page) => bytes[page] ?? 0);
              break;
            case "copy":
              runs = runs.clone();
              break;
          }
          for (let bit = 0; bit < PLANES; bit++) {
            expect(runs.count(bit)).toBe(bytes.filter((one) => one & (1 << bit)).length);
          }
        }
      }),
    );
  });

  it("cost by their number, whatever the size of the mapping", () => {
    const runs = new PageRuns(2 ** 52);
    runs.add([0, 2 ** 52], EVERY_PLANE);
    const began = performance.now();
    for (let i = 0; i < 1000; i++) {
      runs.remove([i * 2 ** 40, (i + 1) * 2 ** 40 - 1], 1, 0);
    }
    expect(performance.now() - began).toBeLessThan(2000);
    expect(runs.count(0)).toBe(2 ** 52 - 1000 * (2 ** 40 - 1));
    expect(runs.count(1)).toBe(2 ** 52);
  });
});
