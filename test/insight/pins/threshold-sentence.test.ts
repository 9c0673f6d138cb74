import { describe, expect, it } from "vitest";
import { raisedThresholds } from "../../../src/insight/pins/threshold-sentence.ts";
import type { Scenario, ThresholdRaise } from "../../../src/report/contract/report.ts";
import { KiB, MiB, report, scenario, thread } from "../../support/report-builder.ts";

const RAISE: ThresholdRaise = {
  raises: 1,
  mmapThreshold: { fromBytes: 128 * KiB, toBytes: 4 * MiB },
  trimThreshold: { fromBytes: 128 * KiB, toBytes: 8 * MiB },
  free: { line: 2816, tid: 7, caller: "0x40171a", time: 1 },
  size: 4 * MiB,
  retainedBytes: 3 * MiB,
  largeBlocks: 0,
  largeBlockBytes: 0,
  largeFreeBytes: 0,
};

const RECORDED = scenario("as recorded", { endMiB: 100 });
const NAMES = report({ threads: [thread(7), thread(8, { name: "loader" })] });
const FROZEN = scenario("MALLOC_MMAP_THRESHOLD_=131072", {
  endMiB: 60,
  settings: { MALLOC_MMAP_THRESHOLD_: "131072" },
});

function finding(
  given: Partial<ThresholdRaise> = {},
  whatIfs: readonly Scenario[] = [],
  threads = 1,
) {
  const names = { ...NAMES, trace: { ...NAMES.trace, threads } };
  return raisedThresholds({ ...RAISE, ...given }, [RECORDED, ...whatIfs], names);
}

describe("raised thresholds", () => {
  it("are told with the free, from what to what, what they keep, and what would prevent it", () => {
    expect(finding()).toMatchObject({
      bytes: 3 * MiB,
      message:
        "the free of a mapped block of 4 MiB in line 2,816 at 0x40171a raised mmap_threshold from 128 KiB to 4 MiB and trim_threshold from 128 KiB to 8 MiB: since then, blocks below that lie in heaps; that keeps at least 3 MiB resident at the end; MALLOC_MMAP_THRESHOLD_=131072 would prevent it (larger blocks then cost an mmap, a munmap and page faults each): --what-if MALLOC_MMAP_THRESHOLD_=131072 shows what that saves",
    });
  });

  it("name the threads if there are several, and say how often", () => {
    // All of them together raised the thresholds from where they were before the first one.
    expect(finding({ raises: 6 }, [], 2)?.message).toMatch(
      /^6 frees, the last of them the free of a mapped block of 4 MiB in line 2,816 by thread 7 at 0x40171a, raised mmap_threshold from 128 KiB to 4 MiB/,
    );
  });

  it("are told with the holes that are as large: small blocks may have merged into them", () => {
    const given = { largeFreeBytes: 20 * MiB };
    expect(finding(given)?.message).toContain(
      "; that keeps at least 3 MiB resident at the end, and 20 MiB more are free in holes of that size;",
    );
    expect(finding({ ...given, retainedBytes: 0 })?.message).toContain(
      "; at the end 20 MiB are free in holes of that size;",
    );
  });

  it("keep what a what-if with frozen thresholds saves", () => {
    const { message, bytes } = finding({ largeFreeBytes: 90 * MiB }, [FROZEN])!;
    expect(bytes).toBe(40 * MiB);
    expect(message).toContain(
      "; that keeps 40 MiB resident at the end; MALLOC_MMAP_THRESHOLD_=131072 prevents it (",
    );
    expect(message).not.toContain("--what-if");
  });

  it("are not told of what-ifs that change something else", () => {
    const others = [
      scenario("a", { endMiB: 9, settings: { MALLOC_MMAP_THRESHOLD_: "65536" } }),
      scenario("b", { endMiB: 9, settings: { ...FROZEN.settings, MALLOC_ARENA_MAX: "1" } }),
      scenario("c", { endMiB: 9, settings: FROZEN.settings, trim: "end" }),
      scenario("d", { endMiB: 9, settings: { MALLOC_ARENA_MAX: "1" } }),
    ];
    expect(finding({}, others)?.bytes).toBe(3 * MiB);
  });

  it("are no finding where they keep less than 1 MiB", () => {
    expect(finding({ retainedBytes: MiB - 1 })).toBeNull();
    expect(finding({ retainedBytes: 0, largeFreeBytes: MiB })).not.toBeNull();
    const useless = scenario(FROZEN.name, { endMiB: 100, settings: FROZEN.settings });
    expect(finding({ largeFreeBytes: 90 * MiB }, [useless])).toBeNull();
    expect(raisedThresholds(null, [RECORDED], NAMES)).toBeNull();
  });

  it("may be of a free that the log lacks", () => {
    expect(finding({ size: null })?.message).toMatch(
      /^the free of a mapped block in line 2,816 at 0x40171a raised/,
    );
  });
});
