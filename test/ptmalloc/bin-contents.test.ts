import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { binContents } from "../../src/ptmalloc/bin-contents.ts";
import type { BinSummary } from "../../src/report/contract/report.ts";
import { analyse } from "../support/corpus.ts";
import { process, times } from "../support/model-driver.ts";

const one = (
  kind: BinSummary["kind"],
  size: number,
  chunks = 1,
): ReturnType<typeof binContents>[number] => ({
  kind,
  leastBytes: size,
  mostBytes: size,
  chunks,
  bytes: chunks * size,
});

describe("the bins of an arena", () => {
  it("are listed with their chunks, empty ones left out", () => {
    const p = process("2.36");
    const small = times(9, (i) => p.malloc(24, `small${i}`));
    const mid = p.malloc(800);
    p.malloc(2000);
    const large = p.malloc(4000);
    p.malloc(24, "guard");
    p.malloc(1500, "late");
    p.malloc(24, "guard2");
    expect(binContents(p.m, p.m.arenas[0]!)).toEqual([]);
    p.free(...small, mid, large);
    const [main] = p.m.arenas;
    expect(binContents(p.m, main!)).toEqual([
      one("tcache", 32, 7),
      one("tcache", 816),
      one("fastbin", 32, 2),
      one("unsorted", 4016),
    ]);
    p.malloc(60000);
    p.free("late");
    expect(binContents(p.m, main!)).toEqual([
      one("tcache", 32, 7),
      one("tcache", 816),
      one("unsorted", 1520),
      one("smallbin", 64),
      one("largebin", 4016),
    ]);
  });

  it("have several sizes in an unsorted or a large bin", () => {
    const p = process("2.36", { "glibc.malloc.tcache_count": "0" });
    for (const [i, size] of [2000, 1980].entries()) {
      p.malloc(size, `b${i}`);
      p.malloc(24);
    }
    p.free("b0", "b1");
    const both = { leastBytes: 2000, mostBytes: 2016, chunks: 2, bytes: 2000 + 2016 };
    expect(binContents(p.m, p.m.arenas[0]!)).toEqual([{ kind: "unsorted", ...both }]);
    p.malloc(4000);
    expect(binContents(p.m, p.m.arenas[0]!)).toEqual([{ kind: "largebin", ...both }]);
  });

  it("of a real log hold the arena's free memory of each kind", () => {
    const file = new URL("../../fixtures/corpus/mt-baton12-g244/trace.log.gz", import.meta.url);
    const { scenarios } = analyse(gunzipSync(readFileSync(fileURLToPath(file))), {
      model: true,
      whatIfs: [],
      recordedWith: null,
      glibc: "2.44",
      cpus: null,
      hostCpus: 2,
      touch: { fitted: null },
      thp: null,
    });
    const arenas = scenarios[0]?.arenas ?? [];
    expect(arenas.length).toBeGreaterThan(2);
    for (const { bins, free } of arenas) {
      const sum = (kind: BinSummary["kind"]): number =>
        bins.reduce((bytes, bin) => bytes + (bin.kind === kind ? bin.bytes : 0), 0);
      const { top: _, ...kinds } = free;
      expect(kinds).toEqual({
        tcache: sum("tcache"),
        fastbins: sum("fastbin"),
        unsorted: sum("unsorted"),
        smallbins: sum("smallbin"),
        largebins: sum("largebin"),
      });
    }
  });
});
