import { describe, expect, it } from "vitest";
import { realGlibc } from "../support/glibc-driver.ts";
import { mappedSizes, type Program, pages, play } from "../support/play-program.ts";

const real = realGlibc();
const is236 = real.available && real.glibc === "2.36";
const reason = real.available ? `this is glibc ${real.glibc}` : real.reason;
const skipped = is236 ? "" : ` (skipped: ${reason})`;

describe.skipIf(!is236)(`worked examples of ptmalloc2.md §11.2 on the real glibc${skipped}`, () => {
  it("1: first pointers, a mapping, the dynamic threshold, growth of the break", () => {
    const first = play((p) => {
      for (const size of [24, 24, 1000, 1033]) {
        p.malloc(size);
      }
    });
    expect(first.results).toBe("2a0 2c0 2e0 6d0");
    expect(first.brk).toBe("21000");
    expect(pages(first.run.main.residentPages)).toEqual([0]);
    const second = play((p) => {
      for (const size of [24, 24, 1000, 1033]) {
        p.malloc(size);
      }
      p.free(p.malloc(200_000));
      p.malloc(100_000);
      p.malloc(40_000);
    });
    expect(second.results).toBe("2a0 2c0 2e0 6d0 mmap+10 af0 191a0");
    expect(mappedSizes(second.run)).toEqual(["31000"]);
    expect(second.brk).toBe("43000");
  });

  it("2: the tcache is last in, first out", () => {
    const { results } = play((p) => {
      const [a, b] = [p.malloc(24), p.malloc(24)];
      p.free(a);
      p.free(b);
      p.malloc(24);
      p.malloc(24);
    });
    expect(results).toBe("2a0 2c0 2c0 2a0");
  });

  const nineFreed = (p: Program) => {
    const blocks = Array.from({ length: 9 }, () => p.malloc(24));
    for (const block of blocks) {
      p.free(block);
    }
  };

  it("3: the tcache, then the fastbin with its stash", () => {
    const { results } = play((p) => {
      nineFreed(p);
      for (let i = 0; i < 9; i++) {
        p.malloc(24);
      }
    });
    expect(results.split(" ").slice(9).join(" ")).toBe("360 340 320 300 2e0 2c0 2a0 3a0 380");
  });

  it("4: calloc bypasses the tcache", () => {
    const { results } = play((p) => {
      nineFreed(p);
      for (let i = 0; i < 3; i++) {
        p.calloc(24);
      }
      p.malloc(24);
    });
    expect(results.split(" ").slice(9).join(" ")).toBe("3a0 380 3c0 360");
  });

  it("5: two merged chunks, a split, a remainder too small", () => {
    const { results } = play((p) => {
      const blocks = Array.from({ length: 9 }, () => p.malloc(200));
      p.malloc(24);
      for (const block of blocks) {
        p.free(block);
      }
      for (const size of [200, 300, 150]) {
        p.malloc(size);
      }
    });
    expect(results.split(" ").slice(9).join(" ")).toBe("9f0 780 850 a10");
  });

  it("6: the last remainder", () => {
    const { results } = play((p) => {
      const block = p.malloc(1500);
      p.malloc(24);
      p.free(block);
      for (const size of [1000, 300, 100, 24]) {
        p.malloc(size);
      }
    });
    expect(results).toBe("2a0 890 2a0 690 7d0 840");
  });

  it("7: a small free disturbs the last remainder", () => {
    const { results } = play((p) => {
      const big = p.malloc(2000);
      p.malloc(24);
      const small = p.malloc(300);
      p.malloc(24);
      const seven = Array.from({ length: 7 }, () => p.malloc(300));
      for (const block of seven) {
        p.free(block);
      }
      p.free(big);
      p.malloc(1000);
      p.free(small);
      p.malloc(200);
      p.malloc(150);
    });
    expect(results.split(" ").slice(0, 4).join(" ")).toBe("2a0 a80 aa0 be0");
    expect(results.split(" ").slice(-3).join(" ")).toBe("2a0 aa0 690");
  });

  it("8: order in unsorted and large bins", () => {
    const { results } = play((p) => {
      const big = [5000, 5000, 5008, 6000].map((size) => {
        const block = p.malloc(size);
        p.malloc(24);
        return block;
      });
      for (const block of big) {
        p.free(block);
      }
      for (const size of [4990, 4990, 100, 100]) {
        p.malloc(size);
      }
    });
    const all = results.split(" ");
    expect([all[0], all[2], all[4], all[6]]).toEqual(["2a0", "1650", "2a00", "3dc0"]);
    expect(all.slice(-4).join(" ")).toBe("2a0 1650 2a00 2a70");
  });

  it("9: a shrinking realloc gives its tail to the tcache", () => {
    const { results } = play((p) => {
      p.realloc(p.malloc(1000), 100);
      p.malloc(800);
      p.malloc(880);
    });
    expect(results).toBe("2a0 2a0 690 310");
  });

  it("10: memalign before any malloc, and in freed chunks", () => {
    const first = play((p) => {
      p.memalign(64, 100);
      p.malloc(24);
      p.malloc(40);
    });
    expect(first.results).toBe("40 380 10");
    const second = play((p) => {
      const a = p.malloc(2000);
      p.malloc(24);
      const b = p.malloc(2000);
      p.malloc(24);
      p.free(a);
      p.free(b);
      p.memalign(256, 500);
      p.memalign(256, 500);
      p.malloc(1000);
    });
    expect(second.results.split(" ").slice(-3).join(" ")).toBe("b00 e00 2a0");
  });

  it("11: the dynamic threshold and trimming of the top", () => {
    const grow = (p: Program) => {
      p.free(p.malloc(1_000_000));
      p.free(p.malloc(1_000_000));
    };
    const kept = play(grow);
    expect(mappedSizes(kept.run)).toEqual(["f5000"]);
    expect(kept.results).toBe("mmap+10 2a0");
    expect(kept.brk).toBe("115000");
    const two = (frees: number) =>
      play((p) => {
        grow(p);
        const blocks = [p.malloc(1_000_000), p.malloc(990_000)];
        for (const block of blocks.slice(0, frees)) {
          p.free(block);
        }
      });
    expect(two(0).results).toBe("mmap+10 2a0 2a0 f44f0");
    expect([two(0).brk, two(1).brk, two(2).brk]).toEqual(["207000", "207000", "21000"]);
  });

  it("12: a foreign sbrk", () => {
    const trimmed = play(
      (p) => {
        p.malloc(100);
        p.sbrk(4096);
        p.malloc(140_000);
        p.malloc(140_000);
      },
      { env: { MALLOC_MMAP_THRESHOLD_: "1000000" } },
    );
    expect(trimmed.results).toBe("2a0 null 22010");
    expect(trimmed.brk).toBe("65000");
    const after = play(
      (p) => {
        p.malloc(100);
        p.sbrk(4096);
        p.malloc(140_000);
        p.malloc(140_000);
        p.malloc(24);
      },
      { env: { MALLOC_MMAP_THRESHOLD_: "1000000" } },
    );
    expect(after.results).toBe("2a0 null 22010 310");
    const plain = play((p) => {
      p.malloc(100);
      p.sbrk(4096);
      for (const size of [60_000, 60_000, 60_000, 24]) {
        p.malloc(size);
      }
    });
    expect(plain.results).toBe("2a0 310 ed80 22010 1d7f0");
    expect(plain.brk).toBe("52000");
  });

  it("17: malloc_trim", () => {
    const three = (rest: (p: Program, blocks: number[]) => void) =>
      play(
        (p) => {
          const blocks = [1, 2, 3].map(() => p.malloc(20_000));
          p.malloc(24);
          p.free(blocks[1]!);
          p.trim();
          rest(p, blocks);
        },
        { touch: "all" },
      );
    const once = three(() => {});
    expect(once.results.split(" ").at(-1)).toBe("ed30");
    expect(pages(once.run.main.residentPages)).toEqual([0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14]);
    expect(once.brk).toBe("f000");
    const twice = three((p, blocks) => {
      p.free(blocks[0]!);
      p.free(blocks[2]!);
      p.trim();
    });
    expect(pages(twice.run.main.residentPages)).toEqual([0, 14]);
    expect(twice.brk).toBe("f000");
  });

  it("18: pages of blocks never written", () => {
    const resident = (write: (p: Program) => void) => pages(play(write).run.main.residentPages);
    expect(resident((p) => p.malloc(40_000))).toEqual([0, 9]);
    const two = (p: Program) => {
      const first = p.malloc(40_000);
      p.malloc(20_000);
      return first;
    };
    expect(resident(two)).toEqual([0, 9, 14]);
    expect(
      resident((p) => {
        p.free(two(p));
        p.malloc(30_000);
      }),
    ).toEqual([0, 7, 9, 14]);
  });

  it("19: realloc of a mapping", () => {
    const { results, run } = play((p) => {
      const block = p.malloc(200_000);
      for (const size of [300_000, 100_000, 1000]) {
        p.realloc(block, size);
      }
    });
    expect(results).toBe("mmap+10 mmap+10 mmap+10 mmap+10");
    expect(mappedSizes(run)).toEqual(["31000", "4a000", "19000", "1000"]);
    expect(run.mapped.map(({ bytes, residentPages }) => [bytes, pages(residentPages)])).toEqual([
      [4096, [0]],
    ]);
  });

  it("20: memalign in a mapping", () => {
    const { results, run } = play((p) => {
      for (const align of [32, 64, 4096]) {
        p.memalign(align, 200_000);
      }
    });
    expect(results).toBe("mmap+40 mmap+40 mmap+0");
    const aligned = run.events.pointerOut[2]!;
    expect(run.mapped.map((mapping) => mapping.base)).toContain(aligned - 4096);
  });

  it("23: a series of memaligns", () => {
    const { results } = play((p) => {
      p.malloc(24);
      p.memalign(64, 40);
      p.memalign(64, 40);
      p.malloc(24);
      p.malloc(40);
      p.memalign(64, 40);
      p.memalign(128, 1000);
      p.malloc(64);
    });
    expect(results).toBe("2a0 2c0 380 360 400 480 500 430");
  });

  it("24: memalign within a freed chunk", () => {
    const { results } = play((p) => {
      p.malloc(24);
      const block = p.malloc(5000);
      p.malloc(24);
      p.free(block);
      p.memalign(4096, 100);
      p.malloc(1000);
      p.memalign(32, 3000);
      p.malloc(100);
    });
    expect(results).toBe("2a0 2c0 1650 1000 2c0 16a0 1360");
  });

  it("T21: an odd initial break", () => {
    const { run } = play((p) => {
      p.sbrk(0x2b);
      p.malloc(24);
    });
    expect(run.events.pointerOut[1]! - run.startBreak).toBe(0x2d0);
    expect(run.endBreak - run.startBreak).toBe(0x22000);
  });
});
