import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Diagnostics } from "../../../src/input/diagnostics.ts";
import { NativeScanner } from "../../../src/input/formats/native/scanner.ts";
import {
  otherAllocator,
  otherAllocatorFinding,
} from "../../../src/insight/evidence/other-allocator.ts";
import { EventBatch } from "../../../src/trace/event.ts";
import { AllocatorSigns } from "../../../src/trace/signs/allocator-signs.ts";
import {
  chunkBytes,
  eighthClasses,
  quarterClasses,
} from "../../../src/trace/signs/slab-classes.ts";
import { analyse, UNKNOWN_PROCESS } from "../../support/corpus.ts";
import { trace } from "../../support/report-builder.ts";

const folder = (name: string) =>
  fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url));
const logIn = (path: string) => gunzipSync(readFileSync(path)).toString("latin1");

/** Beginnings of real logs: fixtures/allocators/README.md. */
const REAL = readdirSync(folder("allocators")).filter((file) => file.endsWith(".log.gz"));
const real = (file: string) => logIn(join(folder("allocators"), file));

/** Real logs of glibc, of many versions, 64-bit machines, and a 32-bit one. */
const GLIBC = [
  ...readdirSync(folder("corpus"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder("corpus"), name, "trace.log.gz")),
  ...readdirSync(folder("machines"))
    .filter((file) => file.endsWith(".log.gz"))
    .map((file) => join(folder("machines"), file)),
];

function signsOf(log: string): AllocatorSigns {
  const signs = new AllocatorSigns();
  const batch = new EventBatch();
  const advance = () => {
    signs.read(batch);
    batch.clear();
  };
  const bytes = Buffer.from(log, "latin1");
  const sink = {
    batch,
    advance,
    end: advance,
    whenReady: () => null,
    whenEnding: () => null,
  };
  new NativeScanner(sink, new Diagnostics()).scan(bytes, bytes.length);
  advance();
  return signs;
}

const nameOf = (log: string) => otherAllocator(signsOf(log))?.name ?? null;

const linesOf = (log: string) => log.split("\n").filter((line) => line !== "");
const joined = (lines: readonly string[]) => `${lines.join("\n")}\n`;
const lastTwoThirds = (log: string) => joined(linesOf(log).slice(linesOf(log).length / 3));
const withoutEveryTenth = (log: string) => joined(linesOf(log).filter((_, i) => i % 10 !== 9));

describe("a real log of another allocator", () => {
  it.each(REAL)("%s is named", (file) => {
    const name = file.slice(0, file.indexOf("-"));
    expect(nameOf(real(file))).toBe(name);
    expect(nameOf(withoutEveryTenth(real(file)))).toBe(name);
  });

  it("gets the finding, the reason of its grade, and no cause or cure", () => {
    const { findings, grade } = analyse(Buffer.from(real("jemalloc-perl.log.gz")), UNKNOWN_PROCESS);
    const kinds = findings.map(({ kind }) => kind);
    expect(kinds).toContain("other-allocator");
    expect(kinds).not.toContain("retained-free-memory");
    expect(grade?.level).toBe("unreliable");
    expect(grade?.reasons[0]).toMatchObject({
      kind: "other-allocator",
      message: "the blocks are those of jemalloc, not of glibc's malloc",
    });
  });

  it("is not taken for a 32-bit process because its hook cut the pointers", () => {
    const log = Buffer.from(real("jemalloc-cut-pointers.log.gz"));
    expect(analyse(log, UNKNOWN_PROCESS).trace).toMatchObject({
      pointerBits: 32,
      allocator: { name: "jemalloc" },
    });
  });

  it("is not taken for a 32-bit process where musl's short groups break its rule, too", () => {
    const cut = real("musl-json.log.gz").replace(/0x[0-9a-f]+?([0-9a-f]{8})(?=[,)\n])/g, "0x$1");
    expect(analyse(Buffer.from(cut), UNKNOWN_PROCESS).trace).toMatchObject({
      pointerBits: 32,
      allocator: { name: "musl" },
    });
  });

  it("is named without a model", () => {
    const log = Buffer.from(real("musl-words.log.gz"));
    const { model, trace } = analyse(log, { ...UNKNOWN_PROCESS, model: false });
    expect([model, trace.allocator?.name]).toEqual([null, "musl"]);
  });
});

describe("a log of glibc", () => {
  it.each(GLIBC)("%s is not named", (path) => {
    const log = logIn(path);
    expect([log, lastTwoThirds(log), withoutEveryTenth(log)].map(nameOf)).toEqual([
      null,
      null,
      null,
    ]);
  });

  it("is none of another allocator if the model reproduces it, whatever its blocks show", () => {
    const log = logIn(join(folder("machines"), "arm64-align-2.43-rebased4k.log.gz"));
    expect(analyse(Buffer.from(log), UNKNOWN_PROCESS).trace.allocator).toBeUndefined();
  });
});

/** A program without frees, which takes its blocks from an allocator's rule. */
function logOf(sizes: readonly number[], place: (bytes: number) => number): string {
  return joined(sizes.map((bytes) => `1 malloc(${bytes}) = 0x${place(bytes).toString(16)}`));
}

/** Slabs of `slabBytes` one after the other, each of one size, from `base` on. */
function slabs(base: number, slabBytes: number, slotBytes: (bytes: number) => number) {
  const open = new Map<number, { next: number; end: number }>();
  let top = base;
  return (bytes: number): number => {
    const slot = slotBytes(bytes);
    let slab = open.get(slot);
    if (slab === undefined || slab.next + slot > slab.end) {
      slab = { next: top, end: top + slabBytes };
      top += slabBytes;
      open.set(slot, slab);
    }
    slab.next += slot;
    return slab.next - slot;
  };
}

/** Blocks one above the other. */
function stack(base: number, distance: (bytes: number) => number) {
  let top = base;
  return (bytes: number): number => {
    top += distance(bytes);
    return top - distance(bytes);
  };
}

const MIXED = Array.from({ length: 4000 }, (_, i) => ((i * 7919) % 500) + 1);
const SMALL = MIXED.map((bytes) => (bytes % 128) + 1);
const MAPPED = 0x7f1200000000;
const BREAK = 0x55d000000000;

describe("slabs", () => {
  it("of a page, two pages or 64 KiB are told apart by their width and sizes", () => {
    expect(nameOf(logOf(MIXED, slabs(MAPPED, 4096, quarterClasses)))).toBe("jemalloc");
    expect(nameOf(logOf(MIXED, slabs(BREAK, 8192, eighthClasses)))).toBe("tcmalloc");
    expect(nameOf(logOf(MIXED, slabs(MAPPED, 65536, quarterClasses)))).toBe("mimalloc");
  });

  it("are told apart by width alone, where all have the same sizes", () => {
    const named = [4096, 8192, 65536].map((bytes) =>
      nameOf(logOf(SMALL, slabs(MAPPED, bytes, quarterClasses))),
    );
    expect(named).toEqual(["jemalloc", "tcmalloc", "mimalloc"]);
  });

  it("of three sizes in phases may be of any width: their place decides then, if pointers are whole", () => {
    const phases = [16, 32, 48].flatMap((bytes) => Array<number>(300).fill(bytes));
    const log = (base: number) => logOf(phases, slabs(base, 4096, quarterClasses));
    expect(nameOf(log(0x12345000))).toContain(" or ");
    expect(nameOf(log(MAPPED))).toBe("jemalloc");
    expect(nameOf(log(0x37000000000))).toBe("mimalloc");
    expect(nameOf(log(BREAK))).toBe("tcmalloc");
  });
});

describe("chunks with headers", () => {
  it("are not named, in any order of sizes", () => {
    expect(nameOf(logOf(MIXED, stack(BREAK + 0x2a0, chunkBytes)))).toBeNull();
    for (const bytes of [1, 8, 16, 24, 32, 64, 100, 288]) {
      expect(nameOf(logOf(Array(2000).fill(bytes), stack(BREAK + 0x2a0, chunkBytes)))).toBeNull();
    }
    const sorted = [...MIXED].sort((a, b) => a - b);
    expect(nameOf(logOf(sorted, stack(BREAK + 0x2a0, chunkBytes)))).toBeNull();
  });

  it("of one size are not named if other chunks between them are not in the log", () => {
    const distances = MIXED.map((bytes) => chunkBytes(16) + (bytes % 7) * 16);
    let i = 0;
    const place = stack(BREAK, () => distances[i >> 1]!);
    const log = logOf(Array(2000).fill(16), (bytes) => {
      const pointer = place(bytes);
      i += 2;
      return pointer;
    });
    expect(nameOf(log)).toBeNull();
  });

  it("of a 32-bit process are not named, though musl's blocks of one size have the same distances", () => {
    const short = (bytes: number) => Math.max(16, Math.ceil((bytes + 4) / 16) * 16);
    expect(nameOf(logOf(Array(2000).fill(12), stack(0x56550010, short)))).toBeNull();
    expect(nameOf(logOf(MIXED, stack(0x56550010, short)))).toBeNull();
  });
});

describe("valgrind's blocks", () => {
  const rounded = (bytes: number) => Math.ceil(bytes / 16) * 16;

  it("are named with and without red zones", () => {
    const memcheck = otherAllocator(
      signsOf(
        logOf(
          MIXED,
          stack(0x4a00040, (n) => rounded(n) + 64),
        ),
      ),
    );
    expect(memcheck).toEqual({
      name: "valgrind",
      evidence: { pairs: 3999, spaced: 3999, extraBytes: 64 },
    });
    expect(
      nameOf(
        logOf(
          MIXED,
          stack(0x4a00040, (n) => rounded(n) + 32),
        ),
      ),
    ).toBe("valgrind");
  });

  it("are not taken for chunks of glibc with a block between that is not in the log", () => {
    const sizes = MIXED.filter((bytes) => bytes % 16 >= 1 && bytes % 16 <= 8);
    expect(
      nameOf(
        logOf(
          sizes,
          stack(BREAK, (n) => rounded(n) + 32),
        ),
      ),
    ).toBeNull();
    expect(
      nameOf(
        logOf(
          MIXED,
          stack(BREAK, (n) => chunkBytes(n) + 32),
        ),
      ),
    ).toBeNull();
  });
});

describe("the finding", () => {
  const evidence = { pairs: 1000, inSlots: 998, withoutHeader: 40, slotSizes: 7 };

  it("names the allocator, what shows it, what it means, and what to do", () => {
    expect(otherAllocatorFinding(trace({ allocator: { name: "tcmalloc", evidence } }))).toEqual({
      kind: "other-allocator",
      severity: "critical",
      message:
        "the blocks are those of tcmalloc, not of glibc's malloc: of 1,000 pairs of blocks, 998 lie in slots of equal size, 40 of them without room for a chunk's header (7 sizes). mallog models glibc's malloc, so the figures of the model do not hold; the counts and live bytes do. To see glibc's malloc, record without the other library (LD_PRELOAD, or linked in); for tcmalloc, use its own profiler or statistics.",
      bytes: 0,
      evidence,
    });
  });

  it("is none where nothing shows another allocator", () => {
    expect(otherAllocatorFinding(trace())).toBeNull();
  });

  it("says of valgrind's blocks how far apart they are, and of musl that it is no library to remove", () => {
    const message = (name: string, evidence: Record<string, number>) =>
      otherAllocatorFinding(trace({ allocator: { name, evidence } }))?.message;
    expect(message("valgrind", { pairs: 90, spaced: 80, extraBytes: 64 })).toMatch(
      /of 90 neighbours, 80 are 64 bytes further apart .* Record without valgrind/,
    );
    expect(message("musl", evidence)).toContain("Record the program with glibc");
  });
});
