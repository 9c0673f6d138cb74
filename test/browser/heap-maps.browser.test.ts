import { expect, test } from "vitest";
import type { Pin, Report } from "../../src/report/contract/report.ts";
import { KiB, thread } from "../support/report-builder.ts";
import { drawn, inkOf } from "./look.ts";
import { service } from "./service.ts";
import { describePage } from "./shown.ts";

const EVIL = "<img src=x onerror=alert(1)>";

function pin(given: Partial<Pin> = {}): Pin {
  return {
    arena: 0,
    heap: 1,
    block: {
      line: 1234,
      address: null,
      size: 48,
      tid: 100,
      caller: EVIL,
      time: null,
      ageSeconds: null,
      ageEvents: 1,
    },
    blocks: 3,
    blockBytes: 144,
    groups: [],
    cachedChunks: 0,
    tcacheStructs: 0,
    fastbinChunks: 0,
    outsideChunks: 0,
    cachingTids: [],
    heldBytes: 96 * KiB,
    wholePageBytes: 0,
    returnedIfFreedBytes: 0,
    returnedIfUncachedBytes: 0,
    returnedIfMergedBytes: 0,
    cachedIfFreed: 0,
    unmergedIfFreed: 0,
    ...given,
  };
}

/** The service with a pin in the second heap of the main arena, one without a live block, and bins of the main arena. */
function given(): Report {
  const { scenarios, threads, ...rest } = service();
  const [recorded, ...whatIfs] = scenarios;
  const arenas = recorded!.arenas.map((arena) =>
    arena.id === 0
      ? {
          ...arena,
          rssBytes: 2 ** 40,
          bins: [
            { kind: "tcache" as const, leastBytes: 32, mostBytes: 32, chunks: 7, bytes: 224 },
            {
              kind: "largebin" as const,
              leastBytes: 2000,
              mostBytes: 2016,
              chunks: 2,
              bytes: 4016,
            },
          ],
        }
      : arena,
  );
  return {
    ...rest,
    threads: [thread(100, { name: EVIL }), ...threads],
    scenarios: [{ ...recorded!, arenas }, ...whatIfs],
    pins: [pin(), pin({ arena: 1, heap: null, block: null, blocks: 0, cachedChunks: 5 })],
  };
}

describePage("the heap maps", (show) => {
  test("mark the block that pins, with its line, thread and call site", async () => {
    const { page } = await show(given());
    const arena = page.locator("#maps article >> nth=0");
    const words = `48 B, allocated in line 1,234 by thread 100 (${EVIL}) at ${EVIL}; with 2 other live blocks it keeps 96 KiB of freed memory resident`;
    expect(await arena.locator(".pin").textContent()).toBe(`${words}.`);
    expect(await page.locator("#maps img").count()).toBe(0);
    const [first, second] = [arena.locator("canvas >> nth=0"), arena.locator("canvas >> nth=1")];
    const red = (nth: number) => () => inkOf(page, "--bad", `#maps article canvas >> nth=${nth}`);
    await drawn(red(1)).toBeGreaterThan(10);
    expect(await red(0)()).toBe(0);
    await second.focus();
    await page.keyboard.press("End");
    expect(await page.locator("#map-status").textContent()).toContain(`It is a pin: ${words}.`);
    await first.focus();
    await page.keyboard.press("End");
    expect(await page.locator("#map-status").textContent()).not.toContain("pin");
    expect(await page.locator("#maps .pin >> nth=1").textContent()).toBe(
      "No live block: 5 chunks in caches keep 96 KiB of freed memory resident.",
    );
  });

  test("list the bins of an arena, unfolded by key", async () => {
    const { page } = await show(given());
    const summary = page.locator("#maps summary");
    expect(await summary.allTextContents()).toEqual(["2 bins with 9 free chunks"]);
    await summary.first().focus();
    await page.keyboard.press("Enter");
    await drawn(() => page.locator("table.bins tbody tr").count()).toBe(2);
    expect(await page.locator("table.bins tbody tr >> nth=1").innerText()).toBe(
      "largebin\t2,000 – 2,016\t2\t3.92 KiB",
    );
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    expect(await page.locator("table.bins").count()).toBe(1);
  });

  test("of a what-if have neither pins nor bins", async () => {
    const { page } = await show(given());
    await page.locator("#map-scenario").selectOption({ label: "MALLOC_ARENA_MAX=1" });
    expect(await page.locator("#maps .pin").count()).toBe(0);
    expect(await page.locator("#maps summary").count()).toBe(0);
  });
});
