import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnalysisOptions } from "../../../src/pipeline/analysis-options.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { analyse, scenario } from "../../support/corpus.ts";

/** A block of 1 MiB has a mapping of 257 pages, and begins 16 bytes into it; the tests count these pages. */
const MIB = 2 ** 20;
const PAGE = 4096;
const WHOLE = 257;
const P = 0x7f0000000010;
/** the first block of a heap */
const HEAP = 0x555555559010;

const OPTIONS: AnalysisOptions = {
  model: true,
  whatIfs: [],
  // Set, so that the free of a mapped block does not move the threshold.
  recordedWith: { MALLOC_MMAP_THRESHOLD_: "131072" },
  // without a tcache, which has a page of its own
  glibc: "2.23",
  cpus: 2,
  hostCpus: 2,
  touch: "all",
  thp: null,
};

function reportOf(lines: readonly string[], options: Partial<AnalysisOptions> = {}): Report {
  return analyse(Buffer.from(`${lines.join("\n")}\n`), { ...OPTIONS, ...options });
}

/** Resident pages at each `# rss` line and at the end. */
function pagesOf(...lines: string[]): number[] {
  const { measured, scenarios } = reportOf(lines);
  const samples = measured?.rssSamples.map(({ modelledBytes }) => modelledBytes) ?? [];
  return [...samples, scenarios[0]!.rss.endBytes].map((bytes) => bytes / PAGE);
}

const HEADER = "# holes min=4096";
const RSS = "# rss 1";
const malloc = (bytes = MIB, p = P) => `1 malloc(${bytes}) = 0x${p.toString(16)}`;
const realloc = (bytes: number, to = P) =>
  `1 realloc(0x${P.toString(16)}, ${bytes}) = 0x${to.toString(16)}`;
const free = (p = P) => `1 free(0x${p.toString(16)})`;
/** Pages from..to-1 of the mapping were never written. */
const hole = (...pages: [number, number][]) =>
  `# hole 0x${P.toString(16)} ${pages.map(([from, to]) => `${from * PAGE - 16}+${(to - from) * PAGE}`).join(",")}`;
const SOMETHING = "1 mark(x)";

describe("with the header", () => {
  it("a block counts only as far as it is known", () => {
    expect(pagesOf(HEADER, malloc(), hole([1, WHOLE]), RSS, SOMETHING)).toEqual([1, WHOLE]);
    expect(pagesOf(HEADER, malloc(), SOMETHING, RSS)).toEqual([WHOLE, WHOLE]);
    expect(reportOf([HEADER, malloc(), SOMETHING, free()]).scenarios[0]!.rss).toMatchObject({
      peakBytes: WHOLE * PAGE,
      endBytes: 0,
    });
  });

  it("a hole at one sample that is none at the next was written in between", () => {
    const lines = [hole([10, 20], [30, WHOLE]), RSS, SOMETHING, hole([12, 14], [100, WHOLE]), RSS];
    expect(pagesOf(HEADER, malloc(), ...lines)).toEqual([20, 98, 98]);
  });

  it("two samples without a call between them both count", () => {
    expect(pagesOf(HEADER, malloc(), hole([1, 7]), RSS, hole([1, 3]), RSS, RSS)).toEqual([
      251, 255, 257, 257,
    ]);
  });

  it("holes before a sample in the last line hold at the end, too", () => {
    expect(pagesOf(HEADER, malloc(), SOMETHING, hole([1, 5]), RSS)).toEqual([253, 253]);
  });

  it("holes stay holes after later calls", () => {
    expect(pagesOf(HEADER, malloc(), hole([1, 5]), malloc(100, 0x555500000010), SOMETHING)[0]).toBe(
      254,
    );
  });

  it("a resized block keeps its holes, and what it grew by is open", () => {
    const grown = [realloc(2 * MIB), hole([2, 4], [257, 300]), RSS, realloc(8 * PAGE), RSS];
    expect(pagesOf(HEADER, malloc(), hole([2, 6]), ...grown)).toEqual([513 - 45, 9, 9]);
    expect(pagesOf(HEADER, malloc(), hole([2, 6]), realloc(8 * PAGE), hole([2, 6]), RSS)).toEqual([
      5, 5,
    ]);
    // Too small now for the header: its holes stay holes.
    const min = "# holes min=65536";
    expect(pagesOf(min, malloc(), hole([2, 6]), realloc(8 * PAGE), SOMETHING, RSS)).toEqual([5, 5]);
  });

  it("small blocks and blocks within one page are written as the touch policy says", () => {
    const page = 0x7f0000001000;
    const lines = [`1 memalign(4096, 4096) = 0x${page.toString(16)}`, malloc(4095), SOMETHING];
    const { scenarios } = reportOf([HEADER, ...lines]);
    expect(scenarios[0]!.rss).toEqual(reportOf(lines).scenarios[0]!.rss);
  });

  it("a block whose free is lost was written whole", () => {
    expect(pagesOf(HEADER, malloc(), malloc(), hole([1, WHOLE]), RSS)).toEqual([1, 1]);
  });

  it("no bytes are assumed to be written", () => {
    const { model } = reportOf([HEADER, malloc(2 * MIB)]);
    expect(model?.assumedWritten).toMatchObject({ blocks: 0, bytes: 0, mediumBytes: 0 });
    expect(model?.holes).toEqual({ minBytes: 4096, lines: 0 });
  });

  it("what-ifs write the same bytes", () => {
    const whatIfs = [scenario("heap", { MALLOC_MMAP_MAX_: "0" }, false)];
    const { scenarios } = reportOf([HEADER, malloc(), SOMETHING, hole([10, WHOLE])], { whatIfs });
    // In the heap: its first ten pages, and the one of the top's header.
    expect(scenarios[1]!.rss.endBytes).toBe(11 * PAGE);
  });
});

describe("a hole behind an aligned block in a mapping of its own", () => {
  const ALIGNED = 0x7f7a2a9fc000;
  const call = `1 memalign(16384, ${2 * MIB}) = 0x${ALIGNED.toString(16)}`;
  /** The mapping has 517 pages. The block is not written but for `written` pages; what follows it has `tail` pages. */
  const end = (written: number, tail: number) =>
    `# hole 0x${ALIGNED.toString(16)} ${written * PAGE}+${(512 - written + tail) * PAGE}`;
  const whatIfs = [scenario("same", { MALLOC_MMAP_THRESHOLD_: "131072" }, false)];

  /** Resident pages at the sample, at the end, and at the end of a what-if that changes nothing. */
  function residentPages(...lines: string[]): number[] {
    const { measured, scenarios } = reportOf([HEADER, call, ...lines], { whatIfs, glibc: "2.36" });
    const samples = measured?.rssSamples.map(({ modelledBytes }) => modelledBytes) ?? [];
    return [...samples, ...scenarios.map(({ rss }) => rss.endBytes)].map((bytes) => bytes / PAGE);
  }

  it("ends where the mapping does: a lead of one page has no page for the header alone", () => {
    expect(residentPages(end(1, 4), RSS)).toEqual([2, 2, 2]);
  });

  it("shows a longer lead, too, whose header has a page of its own", () => {
    for (const tail of [1, 2, 3]) {
      expect(residentPages(end(1, tail), RSS)).toEqual([3, 3, 3]);
    }
  });

  it("counts if the block is written whole, and at each sample anew", () => {
    expect(residentPages(end(1, 4), RSS, end(512, 4), RSS, SOMETHING, end(512, 4), RSS)).toEqual([
      2, 513, 513, 513, 513,
    ]);
  });

  it("shows nothing if it ends with the block", () => {
    expect(residentPages(end(1, 0), RSS)).toEqual([3, 3, 3]);
  });
});

describe("without the header", () => {
  it("a hole line marks the pages of its own block absent", () => {
    expect(pagesOf(malloc(), RSS, SOMETHING, RSS, hole([1, WHOLE]), RSS)).toEqual([1, WHOLE, 1, 1]);
    expect(pagesOf(malloc(), hole([1, WHOLE]))).toEqual([1]);
    const { model } = reportOf([malloc(2 * MIB), hole([1, 4])]);
    expect(model?.assumedWritten.blocks).toBe(0);
    expect(model?.holes).toEqual({ minBytes: null, lines: 1 });
  });

  it("the allocator's own writes stay", () => {
    // The block moves to a mapping: its old bytes are copied into the first ten pages.
    const copied = `1 realloc(0x${HEAP.toString(16)}, ${MIB}) = 0x${P.toString(16)}`;
    const lines = [malloc(40_000, HEAP), copied, hole([1, WHOLE]), SOMETHING];
    expect(pagesOf(...lines)[0]).toBeGreaterThan(10);
  });

  it("a hole line names a block that is freed in the same batch", () => {
    const { scenarios } = reportOf([malloc(), SOMETHING, hole([1, WHOLE]), SOMETHING, free()]);
    expect(scenarios[0]!.rss).toMatchObject({ peakBytes: WHOLE * PAGE, endBytes: 0 });
  });

  it("hole lines of blocks that are not live, or with impossible ranges, have no effect", () => {
    expect(pagesOf("# hole 0x10 0+5", malloc(), "# hole 0x20 0+5", "# hole nonsense")).toEqual([
      WHOLE,
    ]);
    expect(pagesOf(malloc(), free(), hole([1, 3]), SOMETHING)).toEqual([0]);
  });
});

/** Few pointers, so that calls name the same blocks. */
const pointer = fc.nat(7).map((k) => `0x${(0x55d000000010 + k * 0x300000).toString(16)}`);
const size = fc.oneof(fc.nat(300), fc.nat(300_000));
const call = fc.oneof(
  fc.tuple(size, pointer).map(([bytes, p]) => `1 malloc(${bytes}) = ${p}`),
  fc.tuple(size, pointer).map(([bytes, p]) => `1 calloc(1, ${bytes}) = ${p}`),
  fc.tuple(pointer, size, pointer).map(([p, bytes, to]) => `1 realloc(${p}, ${bytes}) = ${to}`),
  pointer.map((p) => `1 free(${p})`),
  fc.constant("1 malloc_trim(0)"),
);
const log = fc.array(call, { minLength: 1, maxLength: 60, size: "max" });
const SCENARIOS = [scenario("heap", { MALLOC_MMAP_MAX_: "0" }, true)];

describe("any log", () => {
  it("has the same report if no block is large enough for the header", () => {
    fc.assert(
      fc.property(log, (lines) => {
        const plain = reportOf(lines, { touch: "facts", whatIfs: SCENARIOS });
        const declared = reportOf(["# holes min=999999999", ...lines], {
          touch: "facts",
          whatIfs: SCENARIOS,
        });
        expect(declared.scenarios).toEqual(plain.scenarios);
        expect(declared.timeline).toEqual(plain.timeline);
      }),
    );
  });

  it("without holes ends with everything written, and has no higher peak", () => {
    fc.assert(
      fc.property(log, (lines) => {
        const all = reportOf(lines, { whatIfs: SCENARIOS });
        const silent = reportOf([HEADER, ...lines], { whatIfs: SCENARIOS });
        all.scenarios.forEach((one, i) => {
          const { rss } = silent.scenarios[i]!;
          expect(rss.endBytes).toBe(one.rss.endBytes);
          // The what-ifs of an anchored run are moved by a difference of two peaks, which come at different times.
          if (i === 0 || all.model?.baseline === undefined) {
            expect(rss.peakBytes).toBeLessThanOrEqual(one.rss.peakBytes);
          }
        });
      }),
    );
  });
});
