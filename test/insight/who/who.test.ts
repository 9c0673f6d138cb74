import { describe, expect, it } from "vitest";
import { pinSentence } from "../../../src/insight/pins/pin-sentence.ts";
import { who } from "../../../src/insight/who/who.ts";
import type { Pin, Report } from "../../../src/report/contract/report.ts";
import { caller, KiB, MiB, report, scenario, thread } from "../../support/report-builder.ts";

const ONE_BLOCK: Pin = {
  arena: 0,
  heap: 0,
  block: {
    line: 500_002,
    address: "0x446444a0",
    size: 1024,
    tid: 7,
    caller: "0x4011e0",
    time: 1,
    ageSeconds: 2.5,
    ageEvents: 500_001,
  },
  blocks: 1,
  blockBytes: 1024,
  groups: [{ tid: 7, caller: "0x4011e0", size: 1024, blocks: 1 }],
  cachedChunks: 0,
  tcacheStructs: 0,
  fastbinChunks: 0,
  outsideChunks: 0,
  cachingTids: [],
  heldBytes: 40 * MiB,
  wholePageBytes: 30 * MiB,
  returnedIfFreedBytes: 40 * MiB,
  returnedIfUncachedBytes: 40 * MiB,
  returnedIfMergedBytes: 40 * MiB,
  cachedIfFreed: 0,
  unmergedIfFreed: 0,
};

function sentence(given: Partial<Pin>, of: Partial<Report> = {}): string {
  return pinSentence({ ...ONE_BLOCK, ...given }, report({ threads: [thread(7)], ...of }));
}

describe("what keeps free memory resident", () => {
  it("is one block: its line, size and call site, and what its free gives back", () => {
    expect(sentence({})).toBe(
      "one live block of 1,024 B, allocated in line 500,002 at 0x4011e0, 500,001 events (2.50 s) before the end, keeps 40 MiB of freed memory below it resident; freeing it would give 40 MiB back",
    );
  });

  it("names the thread, if there are several", () => {
    const threads = [thread(7, { name: "pool-1" }), thread(8)];
    const { trace } = report({});
    expect(sentence({}, { threads, trace: { ...trace, threads: 2 } })).toContain(
      "in line 500,002 by thread 7 (pool-1) at 0x4011e0",
    );
  });

  it("says where a free alone gives nothing back", () => {
    expect(sentence({ cachedIfFreed: 1, returnedIfFreedBytes: 0 })).toContain(
      "; freeing it would give back nothing at once, since the thread's cache would keep it; with that emptied, 40 MiB",
    );
    const little = {
      returnedIfFreedBytes: 2 * MiB,
      returnedIfUncachedBytes: 2 * MiB,
      returnedIfMergedBytes: 2 * MiB,
    };
    expect(sentence(little)).toMatch(/; freeing it would give back only 2 MiB at once$/);
  });

  it("says how old the block is; without times, in events alone", () => {
    const { block } = ONE_BLOCK;
    const old = { ...block!, ageSeconds: null, ageEvents: 1 };
    expect(sentence({ block: old })).toContain("at 0x4011e0, 1 event before the end, keeps");
  });

  it("says what goes back once chunks in fastbins are merged", () => {
    const merged = /; once fastbins are merged \(at the next free of 64 KiB or more\), 40 MiB$/;
    const given = { returnedIfFreedBytes: 0, returnedIfUncachedBytes: 0 };
    expect(sentence({ ...given, unmergedIfFreed: 1 })).toMatch(merged);
    expect(sentence({ ...given, fastbinChunks: 1 })).toMatch(merged);
    expect(sentence({ ...given, cachedIfFreed: 1, returnedIfUncachedBytes: 20 * MiB })).toMatch(
      /; with that emptied, 20 MiB; once fastbins are merged .* 40 MiB$/,
    );
  });

  it("says where freed blocks stay unmerged", () => {
    const unmerged =
      /would give back nothing at once, since glibc leaves freed blocks this small unmerged for a time \(fastbins\)$/;
    const given = { returnedIfFreedBytes: 0, returnedIfMergedBytes: 0, unmergedIfFreed: 1 };
    expect(sentence(given)).toMatch(unmerged);
    expect(sentence({ ...given, cachedIfFreed: 1, returnedIfUncachedBytes: 0 })).toMatch(unmerged);
    expect(sentence({ ...given, cachedIfFreed: 1 })).not.toMatch(unmerged);
    const groups = [{ tid: 7, caller: null, size: 300, blocks: 2 }];
    expect(sentence({ ...given, blocks: 2, groups })).toMatch(
      /give back nothing at once, since glibc leaves the small ones of them unmerged for a time /,
    );
  });

  it("may name the caches of several threads", () => {
    const { trace } = report({});
    const given = { cachedIfFreed: 1, returnedIfFreedBytes: 0 };
    expect(sentence(given, { trace: { ...trace, threads: 2 } })).toContain(
      "at once, since the threads' caches would keep it; with these emptied, 40 MiB",
    );
  });

  it("is one block and chunks in caches", () => {
    expect(sentence({ cachedChunks: 1, cachingTids: [7] })).toBe(
      "one live block of 1,024 B, allocated in line 500,002 at 0x4011e0, 500,001 events (2.50 s) before the end, and 1 chunk of a thread's cache keep 40 MiB of freed memory in arena 0 resident; freeing it would give 40 MiB back",
    );
    expect(sentence({ cachedChunks: 2, cachingTids: [7, 8] })).toContain(
      " and 2 chunks of the threads' caches keep ",
    );
  });

  it("is many different blocks: a group that is no more than a few of them is not named", () => {
    const of = (blocks: number) => ({
      blocks: 200,
      groups: [{ tid: 7, caller: null, size: 64, blocks }],
    });
    expect(sentence(of(101))).toContain("200 live blocks (most: 101 × 64 B) keep");
    expect(sentence(of(100))).toContain("200 live blocks (among them: 100 × 64 B) keep");
    expect(sentence(of(19))).toContain(
      "200 live blocks (the topmost: 1,024 B, allocated in line 500,002 at 0x4011e0, 500,001 events (2.50 s) before the end) keep",
    );
  });

  it("is many blocks: how many, and which are most", () => {
    const groups = [{ tid: 7, caller: null, size: 64, blocks: 20_000 }];
    expect(
      sentence({ blocks: 30_000, groups, heldBytes: 86 * MiB, returnedIfFreedBytes: 90 * MiB }),
    ).toBe(
      "30,000 live blocks (most: 20,000 × 64 B) keep 86 MiB of freed memory in arena 0 resident; freeing them would give 90 MiB back; malloc_trim would return 30 MiB of the freed memory, and the rest stays, as it shares pages with chunks in use",
    );
  });

  it("is many blocks, with whole pages between them that malloc_trim returns", () => {
    expect(sentence({ blocks: 17 })).toContain(
      "; malloc_trim would return 30 MiB of the freed memory, and the rest stays",
    );
    expect(sentence({ blocks: 17, wholePageBytes: 39 * MiB })).toMatch(
      /; malloc_trim would return 39 MiB of the freed memory$/,
    );
    expect(sentence({ blocks: 16 })).not.toContain("malloc_trim");
  });

  it("is freed chunks in fastbins", () => {
    const given = {
      block: null,
      heap: null,
      blocks: 0,
      groups: [],
      fastbinChunks: 2,
      returnedIfFreedBytes: 0,
      returnedIfUncachedBytes: 0,
    };
    expect(sentence(given)).toBe(
      "2 freed chunks in fastbins keep 40 MiB of freed memory below them resident; once fastbins are merged (at the next free of 64 KiB or more), 40 MiB would go back",
    );
    expect(sentence({ ...given, cachedChunks: 1, cachingTids: [7] })).toMatch(
      /^1 freed chunk in the tcache of thread 7 and 2 freed chunks in fastbins keep 40 MiB .* with that cache empty, as after the thread's end, nothing would go back; once fastbins/,
    );
    expect(sentence({ fastbinChunks: 1 })).toContain(
      "before the end, and 1 freed chunk in fastbins keep 40 MiB of freed memory in arena 0 resident;",
    );
    expect(sentence({ cachedChunks: 1, cachingTids: [7], fastbinChunks: 2 })).toContain(
      "before the end, 1 chunk of a thread's cache and 2 freed chunks in fastbins keep 40 MiB",
    );
  });

  it("is freed chunks in a thread's cache", () => {
    const given = {
      block: null,
      heap: null,
      blocks: 0,
      groups: [],
      cachedChunks: 7,
      cachingTids: [7],
    };
    expect(sentence({ ...given, returnedIfFreedBytes: 0 })).toBe(
      "7 freed chunks in the tcache of thread 7 keep 40 MiB of freed memory below them resident; with that cache empty, as after the thread's end, 40 MiB would go back",
    );
  });

  it("is the table of a thread's cache", () => {
    const given = { block: null, blocks: 0, groups: [], cachedChunks: 1, cachingTids: [7] };
    expect(sentence({ ...given, tcacheStructs: 1 })).toMatch(
      /^the table \(tcache_perthread_struct\) of the tcache of thread 7 keeps 40 MiB of freed memory below it resident;/,
    );
    expect(sentence({ ...given, cachedChunks: 4, cachingTids: [7, 8], tcacheStructs: 2 })).toMatch(
      /^2 freed chunks in the tcache and the tables \(tcache_perthread_struct\) of thread 7 and 1 more keep 40 MiB of freed memory below them resident; with these caches empty, as after the threads' ends, /,
    );
  });

  it("may be memory from outside the log, too", () => {
    expect(sentence({ outsideChunks: 1 })).toBe(
      "one live block of 1,024 B, allocated in line 500,002 at 0x4011e0, 500,001 events (2.50 s) before the end, and memory from outside the log keep 40 MiB of freed memory in arena 0 resident; freeing it would give 40 MiB back",
    );
    const cached = { block: null, blocks: 0, groups: [], cachedChunks: 1, cachingTids: [7] };
    expect(sentence({ ...cached, outsideChunks: 2 })).toMatch(
      /^1 freed chunk in the tcache of thread 7 and memory from outside the log keep 40 MiB/,
    );
  });

  it("may be memory from outside the log", () => {
    expect(sentence({ block: null, blocks: 0, groups: [] })).toBe(
      "memory from outside the log keeps 40 MiB of freed memory in arena 0 resident",
    );
  });
});

describe("whose memory it is", () => {
  const answer = (given: Partial<Report>) =>
    who(report({ scenarios: [scenario("as recorded", { endMiB: 100 })], ...given }))[0]?.text;

  it("names the thread that allocates most", () => {
    const threads = [thread(1), thread(2, { name: "loader", volumeBytes: 30 * MiB })];
    expect(answer({ threads })).toBe("Who: thread 2 (loader) allocated most, 30 MiB in 15 calls.");
    expect(answer({ threads: [thread(1)] })).toBeUndefined();
  });

  it("names no thread where another allocated as much", () => {
    const volumeBytes = 30 * MiB;
    const equal = [thread(1), thread(2, { volumeBytes }), thread(3, { volumeBytes })];
    expect(answer({ threads: equal })).toBeUndefined();
    expect(answer({ threads: equal.toReversed() })).toBeUndefined();
  });

  it("names the threads of a pool, whose names differ in numbers only, if they did together", () => {
    const of = (name: string, volumeMiB: number) => ({ name, volumeBytes: volumeMiB * MiB });
    const pool = [20, 20, 10].map((volume, i) => thread(i, of(`pool-1-thread-${i}`, volume)));
    const main = thread(9, of("main", 45));
    expect(answer({ threads: [main, ...pool] })).toBe(
      "Who: 3 threads pool-1-thread-* allocated most, 50 MiB in 45 calls.",
    );
    expect(answer({ threads: [thread(9, of("main", 51)), ...pool] })).toContain("thread 9 (main)");
    const uneasy = [40, 25, 10, 5].map((volume, i) => thread(i, of(`pool-1-thread-${i}`, volume)));
    expect(answer({ threads: uneasy })).toBe(
      "Who: 4 threads pool-1-thread-* allocated most, 80 MiB in 60 calls, 40 MiB of it by thread 0 (pool-1-thread-0).",
    );
    // As the kernel cuts names, they are equal.
    const cut = pool.map((one) => ({ ...one, name: "http-nio-8080-e" }));
    expect(answer({ threads: [main, ...cut] })).toContain(
      "3 threads http-nio-8080-e allocated most",
    );
    const uneven = [thread(1, of("worker-1", 40)), thread(2, of("worker-2", 10))];
    expect(answer({ threads: uneven })).toContain("thread 1 (worker-1) allocated most, 40 MiB");
    expect(answer({ threads: [main, ...pool.map((one) => ({ ...one, name: "java" }))] })).toContain(
      "thread 9 (main)",
    );
    expect(
      answer({ threads: [main, thread(1, of("x\u001b1", 40)), thread(2, of("x\u001b2", 40))] }),
    ).toContain("2 threads x\\x1b* allocated");
  });

  it("says what the threads ran in dumps that were taken while they allocated", () => {
    const inDumps = (whileAllocating: number | null, frames: Readonly<Record<string, number>>) => ({
      dumps: 5,
      whileAllocating,
      states: {},
      frames: Object.entries(frames).map(([frame, dumps]) => ({ frame, dumps, stack: [frame] })),
    });
    const one = (dumps: ReturnType<typeof inDumps>) =>
      answer({ threads: [thread(1), thread(2, { volumeBytes: 30 * MiB, dumps })] });
    expect(one(inDumps(3, { "a.B.c(B.java:1)": 2, "a.B.d(B.java:1)": 1 }))).toBe(
      "Who: thread 2 allocated most, 30 MiB in 15 calls; 2 of its 3 stacks dumped meanwhile are in a.B.c(B.java:1).",
    );
    expect(one(inDumps(null, { "a.B.c(B.java:1)": 1 }))).toMatch(
      /; 1 of its 5 stacks dumped is in a\.B\.c\(B\.java:1\)\.$/,
    );
    expect(one(inDumps(0, { "a.B.c(B.java:1)": 5 }))).toContain("5 of its 5 stacks dumped are in");
    expect(one(inDumps(1, { "a.B.c(B.java:1)": 1 }))).toMatch(
      /; its only stack dumped meanwhile is in a\.B\.c\(B\.java:1\)\.$/,
    );
    expect(one(inDumps(3, {}))).toMatch(/15 calls\.$/);
    const pool = [1, 2].map((number) =>
      thread(number, {
        name: `loader-${number}`,
        volumeBytes: 30 * MiB,
        dumps: inDumps(number, { "a.B.c(B.java:1)": 1, [`a.B.d${number}(B.java:1)`]: number - 1 }),
      }),
    );
    expect(answer({ threads: [thread(7), ...pool] })).toContain(
      "; 2 of their 3 stacks dumped meanwhile are in a.B.c(B.java:1).",
    );
  });

  it("names the library that has requested a fifth or more, as sizes show", () => {
    const finding = (pattern: string, volumeBytes: number) => ({
      kind: "known-pattern",
      severity: "info" as const,
      message: "",
      bytes: 0,
      evidence: { pattern, volumeBytes },
    });
    const threads = [thread(1, { volumeBytes: 50 * MiB })];
    const findings = [finding("zlib's deflate", 2 * MiB), finding("zlib's inflate", 10 * MiB)];
    expect(answer({ threads, findings })).toBe(
      "Who: by their sizes, 10 MiB (20.0 %) of all requests are zlib's inflate.",
    );
    expect(answer({ threads, findings: [finding("zlib's inflate", 9.9 * MiB)] })).toBeUndefined();
  });

  it("names the call site with most live memory, if it has a fifth of it", () => {
    const live = { bytes: 50 * MiB, blocks: 20, peakBytes: 50 * MiB, peakTime: null };
    const of = (bytes: number) => [
      caller("0x1000", { liveBytes: bytes, liveBlocks: 3 }),
      caller("0x2000", { liveBytes: 2 * MiB }),
    ];
    const threads = [thread(1)];
    expect(answer({ threads, live, callers: of(10 * MiB) })).toBe(
      "Who: call site 0x1000 allocated 10 MiB (20.0 %) of what is live, 3 blocks.",
    );
    expect(answer({ threads, live, callers: of(9.9 * MiB) })).toBeUndefined();
  });

  it("names what holds a tenth of RSS or more, and counts other arenas", () => {
    const threads = [thread(7)];
    expect(answer({ threads, pins: [{ ...ONE_BLOCK, heldBytes: 9.9 * MiB }] })).toBeUndefined();
    expect(answer({ threads, pins: [ONE_BLOCK, { ...ONE_BLOCK, heldBytes: 512 * KiB }] })).toMatch(
      /^Who: one live block of 1,024 B, .*\. 1 more arena is held likewise \(512 KiB\)\.$/,
    );
    // More arenas than these are not looked into.
    const pins = Array.from({ length: 10 }, () => ONE_BLOCK);
    expect(answer({ threads, pins })).toMatch(/\. At least 9 more arenas are held likewise /);
    expect(answer({ threads, pins: pins.slice(1) })).toMatch(/\. 8 more arenas are held /);
  });
});
