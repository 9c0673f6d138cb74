import { describe, expect, test } from "vitest";
import { basis } from "../../../src/insight/evidence/basis.ts";
import { versionList } from "../../../src/insight/evidence/glibc-version.ts";
import type { ModelSummary, TouchFit } from "../../../src/report/report.ts";
import { fidelity, MODEL, report, trace } from "../../support/report-builder.ts";

function items(model: Partial<ModelSummary>): string[] {
  return basis(report({ model: { ...MODEL, ...model } }));
}

test("of a clean log", () => {
  expect(items({})).toEqual([
    "log: app.log (native)",
    "glibc 2.36 (from the log)",
    "8 CPUs (from the log)",
    "recorded with glibc's default settings",
    "writes to blocks: --touch facts",
    "transparent huge pages: madvise",
  ]);
});

test("without a model is the log only", () => {
  expect(basis(report({ model: null }))).toEqual(["log: app.log (native)"]);
});

test("names guesses, and the options that replace them", () => {
  const guessed = items({ glibcSource: "default", cpusSource: "default", cpus: 1, thp: "always" });
  expect(guessed).toContain("glibc 2.36 (default, not in the log; see --glibc)");
  expect(guessed).toContain("1 CPU (this machine's, not in the log; see --cpus)");
  expect(guessed).toContain(
    "transparent huge pages: always (RSS is an upper bound for heaps at these addresses)",
  );
});

test("pointers below 4 GiB", () => {
  expect(basis(report({ trace: trace({ pointerBits: 32 }) }))).toContain(
    "pointers: none above 4 GiB; cut to 32 bits, or from a small process",
  );
});

test("the first mismatch", () => {
  expect(items(fidelity(20, 19)).at(-1)).toBe(
    "first mismatch: line 1,234, main heap + 0x4c0 in the model, main heap + 0x2a0 in the log",
  );
});

test("the name of the log is escaped", () => {
  const hostile = trace({ sources: ["a\u001b]0;x\u0007.log"] });
  expect(basis(report({ trace: hostile }))[0]).toBe("log: a\\x1b]0;x\\x07.log (native)");
});

describe("touch", () => {
  const FIT: TouchFit = {
    ratio: 0.455,
    smallRatio: 1,
    knownRatio: 0,
    bounds: null,
    source: "--observed-rss",
    outside: null,
    error: { median: -0.0001, max: -0.0001 },
  };
  const fitted = (given: Partial<TouchFit>): string[] =>
    items({ touch: "fitted", fit: { ...FIT, ...given } });

  test("fitted: source, ratio and error", () => {
    expect(fitted({})).toContain(
      "writes to blocks: fitted to --observed-rss, 45.5 % of each block of 4 KiB or more written (off by 0.0 %)",
    );
    expect(fitted({ source: "rss samples", error: { median: 0.01, max: -0.2 } })).toContain(
      "writes to blocks: fitted to the log's RSS samples, 45.5 % of each block of 4 KiB or more written (off by +1.0 % in the median, -20.0 % at worst)",
    );
  });

  test("fitted beyond the ratios of large blocks", () => {
    const written = (given: Partial<TouchFit>): string | undefined => {
      const item = fitted(given).find((one) => one.startsWith("writes"));
      return item?.replace("writes to blocks: fitted to --observed-rss, ", "").split(" (")[0];
    };
    expect(written({ ratio: 0, smallRatio: 0 })).toBe("nothing written");
    expect(written({ ratio: 0, smallRatio: 0.25 })).toBe(
      "no block of 4 KiB or more written, of smaller ones 25.0 %",
    );
    expect(written({ ratio: 0 })).toBe("0.0 % of each block of 4 KiB or more written");
    expect(written({ ratio: 1, knownRatio: 0.5 })).toBe(
      "every block written, with 50.0 % of what libraries are known to leave unwritten",
    );
    expect(written({ ratio: 1, knownRatio: 1 })).toBe("every byte written");
  });

  test("a number given keeps what the log states of writes, or overrides it", () => {
    const written = (given: Partial<TouchFit>) =>
      items({
        touch: "fitted",
        fit: { ...FIT, ...given },
        holes: { minBytes: 4096, lines: 7 },
      }).find((one) => one.startsWith("writes"));
    const from = "writes to blocks: from the log for blocks ≥ 4 KiB (7 hole lines), ";
    const fitted = "fitted to --observed-rss, ";
    expect(written({})).toBe(
      `${from}${fitted}45.5 % of each block of 4 KiB or more written (off by 0.0 %) for others`,
    );
    expect(written({ ratio: 0, smallRatio: 0.25 })).toBe(
      `writes to blocks: ${fitted}25.0 % of what the log states as written (7 hole lines), and of blocks below 4 KiB, no other block written (off by 0.0 %)`,
    );
    expect(written({ ratio: 0, smallRatio: 0 })).toBe(
      `writes to blocks: ${fitted}nothing written, whatever the log states (7 hole lines) (off by 0.0 %)`,
    );
    expect(written({ ratio: 1, knownRatio: 0.5 })).toBe(
      `writes to blocks: ${fitted}every block written, with 50.0 % of what the log states as unwritten (7 hole lines), or libraries are known to leave so (off by 0.0 %)`,
    );
    expect(written({ ratio: 1, knownRatio: 1 })).toBe(
      `writes to blocks: ${fitted}every byte written, whatever the log states (7 hole lines) (off by 0.0 %)`,
    );
  });

  test("a fit that makes no difference leaves the facts", () => {
    expect(
      fitted({ ratio: null, smallRatio: null, knownRatio: null, error: { median: 0.5, max: 0.5 } }),
    ).toContain(
      "writes to blocks: --touch facts (not fitted to --observed-rss: what the program wrote makes no difference; off by +50.0 %)",
    );
  });

  test("from the log", () => {
    expect(items({ holes: { minBytes: 4096, lines: 7 } })).toContain(
      "writes to blocks: from the log for blocks ≥ 4 KiB (7 hole lines), --touch facts for others",
    );
    expect(items({ holes: { minBytes: null, lines: 7 } })).toContain(
      "writes to blocks: from the log for some blocks (7 hole lines), --touch facts for others",
    );
  });
});

describe("inferences", () => {
  const inferred = (given: Partial<ModelSummary["inferred"]>): string | undefined =>
    items({ inferred: { ...MODEL.inferred, ...given } })[6];

  test.each<[Partial<ModelSummary["inferred"]>, string]>([
    [{ threadExits: 3 }, "3 unlogged thread exits inferred from pointers"],
    [
      { threadExits: 1, lastExits: 1 },
      "1 unlogged thread exit inferred from the threads' last calls",
    ],
    [
      { threadExits: 3, lastExits: 2 },
      "3 unlogged thread exits inferred from pointers (1) and the threads' last calls (2)",
    ],
    [{ swaps: 2 }, "2 calls moved before others logged earlier, because pointers show that order"],
    [
      { arenaChoices: 2 },
      "2 threads given the arena that their first pointer shows, because thread exits raced",
    ],
    [{ cutSizes: 1 }, "1 size cut to 32 bits by the hook, corrected from pointers"],
    [
      { foreignSbrks: 2, foreignSbrkBytes: 131_072 },
      "program break moved 2 times by code other than malloc, as pointers show: 128 KiB, not counted in RSS",
    ],
    [
      { unloggedBytes: 4096 },
      "4 KiB allocated outside the log (before it starts, or unseen by its hook), assumed resident under every setting",
    ],
  ])("%j", (given, item) => expect(inferred(given)).toBe(item));

  test("none", () => expect(inferred({})).toBeUndefined());
});

describe("a detected glibc", () => {
  const version = (given: Partial<ModelSummary>): string | undefined =>
    items({ glibcSource: "detected", ...given })[1];

  test("names versions that fit as well", () => {
    expect(version({})).toBe(
      "glibc 2.36 (detected: its rules reproduce all 20 pointers; 2.35, 2.37 fit as well, see --glibc)",
    );
  });

  test("names the next best version", () => {
    const glibcRunnerUp = { glibc: "2.31", ratio: 0.4 };
    expect(version({ glibcRange: ["2.36"], glibcRunnerUp })).toBe(
      "glibc 2.36 (detected: its rules reproduce all 20 pointers; next best 2.31 ruled out)",
    );
  });

  test.each<Partial<ModelSummary["inferred"]>>([
    { threadExits: 1, settingPointers: 1 },
    { arenaChoices: 2 },
    { foreignSbrks: 2 },
    { cutSizes: 1, swaps: 1 },
  ])("counts mismatches that inferences explain: %j", (given) => {
    const inferred = { ...MODEL.inferred, ...given };
    expect(version({ fidelity: fidelity(20, 18).fidelity, inferred })).toContain(
      "detected: its rules reproduce all but 2 pointers, which the inferences below explain",
    );
  });

  test("counts mismatches that nothing explains", () => {
    const { fidelity: some } = fidelity(20, 18);
    expect(version({ fidelity: some })).toContain(
      "detected: its rules reproduce 90.0 % of the pointers",
    );
    const inferred = { ...MODEL.inferred, threadExits: 2, lastExits: 1 };
    expect(version({ fidelity: some, inferred })).toContain("reproduce 90.0 % of the pointers");
  });

  test("shows 100 % only if every pointer matches", () => {
    const { fidelity: most } = fidelity(12_451, 12_450);
    expect(version({ fidelity: most })).toContain("reproduce 99.9919 % of the pointers");
  });

  test("is uncertain with many mismatches, and a guess without pointers", () => {
    const glibcRunnerUp = { glibc: "2.31", ratio: 0.4 };
    const { fidelity: half } = fidelity(20, 10);
    expect(version({ fidelity: half, glibcRange: ["2.36"], glibcRunnerUp })).toBe(
      "glibc 2.36 (uncertain: its rules reproduce 50.0 % of the pointers, no other version reproduces more)",
    );
    expect(version({ fidelity: fidelity(0, 0).fidelity })).toContain(
      "a guess: the log holds no pointers to compare",
    );
  });

  test("lists three or more successive versions as a range", () => {
    expect(versionList(["2.30", "2.37-tag", "2.31", "2.32", "2.35", "2.36", "2.38-tag"])).toBe(
      "2.30 to 2.32, 2.35, 2.36, 2.37-tag, 2.38-tag",
    );
  });
});

describe("settings of the recorded run", () => {
  const settings = { MALLOC_MMAP_THRESHOLD_: "65536" };
  const recordedWith = (given: Partial<ModelSummary>): string | undefined =>
    items({ settings, ...given })[3];

  test("given or logged", () => {
    expect(recordedWith({ settingsSource: { MALLOC_MMAP_THRESHOLD_: "log" } })).toBe(
      "recorded with MALLOC_MMAP_THRESHOLD_=65536",
    );
  });

  test("detected, with what the pointers leave open", () => {
    const settingsSource = { MALLOC_MMAP_THRESHOLD_: "detected" as const };
    expect(recordedWith({ settingsSource })).toBe(
      "recorded with MALLOC_MMAP_THRESHOLD_=65536 (from the log's pointers)",
    );
    const bounded = { MALLOC_MMAP_THRESHOLD_: { from: 40001, to: 70000 } };
    expect(recordedWith({ settingsSource, settingsRange: bounded })).toBe(
      "recorded with MALLOC_MMAP_THRESHOLD_=65536 (the log's pointers show 40,001 to 70,000)",
    );
    const settingsRange = { MALLOC_MMAP_THRESHOLD_: { from: 40001, to: null } };
    const settingsOrElse = { MALLOC_MMAP_THRESHOLD_: ["MALLOC_TOP_PAD_"] };
    expect(recordedWith({ settingsSource, settingsRange, settingsOrElse })).toBe(
      "recorded with MALLOC_MMAP_THRESHOLD_=65536 (the log's pointers show 40,001 or more; MALLOC_TOP_PAD_ would fit as well)",
    );
  });
});
