import { describe, expect, it } from "vitest";
import { realGlibc } from "../support/glibc-driver.ts";
import { mappedSizes, type Program, pages, play } from "../support/play-program.ts";

const real = realGlibc();
const is236 = real.available && real.glibc === "2.36";
const reason = real.available ? `this is glibc ${real.glibc}` : real.reason;
const skipped = is236 ? "" : ` (skipped: ${reason})`;

describe.skipIf(!is236)(
  `worked examples with threads of ptmalloc2.md §11.2 on the real glibc${skipped}`,
  () => {
    it("13: threads, a reused arena, a DTV kept with its stack", () => {
      const twoThreads = (p: Program) => {
        p.malloc(100);
        p.start(1);
        for (const size of [100, 100, 2000]) {
          p.malloc(size, 1);
        }
        p.exit(1);
        p.start(2);
        p.malloc(50, 2);
      };
      const { results, run } = play(
        (p) => {
          twoThreads(p);
          p.malloc(20);
        },
        { stacks: "nptl" },
      );
      expect(results).toBe("2a0 A+b70 A+be0 A+c50 A+1430 430");
      expect(run.heaps.map((heap) => heap.size.toString(16))).toEqual(["21000"]);
      const grown = (before: (p: Program) => void) =>
        play(
          (p) => {
            before(p);
            for (let i = 0; i < 3; i++) {
              p.malloc(60_000, 2);
            }
          },
          { stacks: "nptl" },
        ).run.heaps.map((heap) => [heap.size.toString(16), pages(heap.residentPages)]);
      expect(grown(twoThreads)).toEqual([["2e000", [0, 1, 15, 30, 45]]]);
      const twoSmall = (p: Program) => {
        p.start(2);
        p.malloc(100, 2);
        p.malloc(100, 2);
      };
      expect(grown(twoSmall)).toEqual([["2d000", [0, 15, 30, 44]]]);
    });

    it("14: an arena's heap shrinks", () => {
      const { results, run } = play((p) => {
        p.start(1);
        for (let i = 0; i < 3; i++) {
          p.malloc(100, 1);
        }
        const big = [1, 2, 3].map(() => p.malloc(100_000, 1));
        for (const block of big) {
          p.free(block, 1);
        }
      });
      expect(results).toBe("A+b70 A+be0 A+c50 A+cc0 A+19370 A+31a20");
      const [heap] = run.heaps;
      expect(heap!.size.toString(16)).toBe("21000");
      expect(heap!.mprotectSize.toString(16)).toBe("4b000");
      expect(pages(heap!.residentPages)).toEqual([0, 25]);
    });

    it("15: an arena's second heap", () => {
      const until = (count: number) =>
        play((p) => {
          p.start(1);
          for (let i = 0; i < count; i++) {
            p.malloc(120_000, 1);
          }
        });
      expect(until(559).run.heaps).toHaveLength(1);
      const { results, run } = until(560); // #559, counted from 0
      expect(results.split(" ").at(-1)).toBe("B+40");
      expect(run.heaps.find((heap) => heap.prev !== 0)!.size.toString(16)).toBe("3e000");
    });

    it("16: arenas shared at the arena limit", () => {
      const { results } = play(
        (p) => {
          for (let t = 1; t <= 8; t++) {
            p.start(t);
          }
          for (let t = 1; t <= 8; t++) {
            p.malloc(100, t);
          }
        },
        { env: { MALLOC_ARENA_MAX: "3" } },
      );
      const arenas = results.split(" ").map((place) => (place.includes("+") ? place[0] : "main"));
      expect(arenas).toEqual(["A", "B", "main", "B", "A", "main", "B", "A"]);
    });

    it("21: a heap deleted during its creation", () => {
      const env = { MALLOC_MMAP_THRESHOLD_: "33554432", MALLOC_TRIM_THRESHOLD_: "33554432" };
      const deleted = play(
        (p) => {
          p.malloc(24);
          p.start(1);
          p.malloc(30_000_000, 1);
          p.malloc(29_000_000, 1);
          p.free(p.malloc(5_000_000, 1), 1);
          for (const size of [9_000_000, 24, 100]) {
            p.malloc(size, 1);
          }
        },
        { env },
      );
      expect(deleted.results).toBe("2a0 A+b70 A+1c9cf00 A+3845050 3e0 A+3845050 A+3845070");
      const kept = play(
        (p) => {
          p.malloc(24);
          p.start(1);
          for (const size of [30_000_000, 29_000_000, 5_000_000, 9_000_000, 24]) {
            p.malloc(size, 1);
          }
        },
        { env },
      );
      expect(kept.results).toBe("2a0 A+b70 A+1c9cf00 A+3845050 B+40 A+3d09ba0");
      expect(kept.run.heaps.find((heap) => heap.prev !== 0)!.size.toString(16)).toBe("8b6000");
    });

    it("22: a block of another arena in the tcache", () => {
      const { results } = play((p) => {
        const blocks = Array.from({ length: 10 }, () => p.malloc(100));
        p.start(1);
        p.free(blocks[3]!, 1);
        p.malloc(100, 1);
        p.malloc(100, 1);
      });
      expect(results.split(" ")[3]).toBe("3f0");
      expect(results.split(" ").slice(-2).join(" ")).toBe("3f0 A+b70");
    });

    it("26: the first request of a thread sizes its heap, or is mmapped", () => {
      const plain = play((p) => {
        p.start(1);
        p.malloc(1_000_000, 1);
      });
      expect(plain.results).toBe("mmap+10");
      expect(mappedSizes(plain.run)).toEqual(["f5000"]);
      const aligned = play((p) => {
        p.start(1);
        p.memalign(64, 1_000_000, 1);
      });
      expect(aligned.results).toBe("A+900");
    });
  },
);
