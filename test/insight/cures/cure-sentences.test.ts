import { expect, it } from "vitest";
import { presentCures } from "../../../src/insight/cures/cure-sentences.ts";
import type { Scenario } from "../../../src/report/contract/report.ts";
import { arena, MiB, report, scenario } from "../../support/report-builder.ts";

const CALLS = { brk: 100, mmap: 10, mremap: 0, munmap: 9, madvise: 0, mprotect: 80 };
const SAME = { systemCalls: CALLS, pageFaults: 50_000 };

function sentence(cure: Scenario): string | undefined {
  const recorded = scenario("as recorded", { ...SAME, endMiB: 100, peakMiB: 200 });
  return presentCures(report({ scenarios: [recorded, cure] }))[0]?.sentence;
}

it("states RSS at both moments, and the price in the order of calls, faults and threads", () => {
  const systemCalls = { ...CALLS, brk: 1100, munmap: 8 };
  const arenas = [arena(0, { threads: [1, 2, 3, 4] })];
  const cure = scenario("A=1", {
    systemCalls,
    pageFaults: 49_999,
    arenas,
    endMiB: 50,
    peakMiB: 220,
  });
  expect(sentence(cure)).toBe(
    "Peak RSS 220 MiB (+10.0 %), at the end 50 MiB (-50.0 %); 999 more system calls, 1 fewer page fault, up to 3 more threads share an arena.",
  );
});

it("says where the price is the same, and where ranges overlap", () => {
  const { rss, ...rest } = scenario("A=1", { ...SAME, endMiB: 50, peakMiB: 100 });
  expect(sentence({ ...rest, rss })).toBe(
    "Peak RSS 100 MiB (-50.0 %), at the end 50 MiB (-50.0 %); as many system calls and page faults.",
  );
  expect(sentence({ ...rest, rss: { ...rss, highBytes: 100 * MiB } })).toMatch(
    /faults\. The ranges of RSS with and without it overlap\.$/,
  );
});

it("says that calls take longer without a tcache, which no counter shows", () => {
  const settings = { "glibc.malloc.tcache_count": "0" };
  expect(sentence(scenario("none", { ...SAME, settings, endMiB: 50, peakMiB: 100 }))).toBe(
    "Peak RSS 100 MiB (-50.0 %), at the end 50 MiB (-50.0 %); no thread has a cache: calls take longer.",
  );
});

it("leaves a command out that would hide the setting", () => {
  const cure = scenario("A=1", { settings: { MALLOC_ARENA_MAX: "1" }, endMiB: 50, peakMiB: 100 });
  const scenarios = [scenario("as recorded", { endMiB: 100, peakMiB: 200 }), cure];
  const stated = { pid: null, limitBytes: null, otherRssBytes: null, lostCalls: 0 };
  const shell = (command: string) =>
    presentCures(report({ scenarios, recording: { ...stated, command } }))[0]?.lines[0]?.text;
  expect(shell("x".repeat(400))).toHaveLength("MALLOC_ARENA_MAX=1 ".length + 400);
  expect(shell("x".repeat(401))).toBe("MALLOC_ARENA_MAX=1 COMMAND");
});
