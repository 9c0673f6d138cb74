import { expect, test } from "vitest";
import type { Report } from "../../src/report/contract/report.ts";
import { caller, MiB } from "../support/report-builder.ts";
import { drawn, inkOf } from "./look.ts";
import { service } from "./service.ts";
import { describePage } from "./shown.ts";

const FIGURES = {
  calls: 10,
  volumeBytes: 40 * MiB,
  liveBytes: 30 * MiB,
  liveBlocks: 5,
  liveAtPeakBytes: 35 * MiB,
  pinnedBytes: 0,
  temporaryCalls: 5,
  merged: false,
};

/** The service's timeline has four points of 262,144 events; the call sites are known in the second and at the end. */
function given(): Report {
  const { timeline, ...rest } = service();
  return {
    ...rest,
    timeline: { ...timeline, siteEvents: [400_000, rest.trace.events] },
    callers: [
      caller("inflate+0x41", { liveTimeline: [20 * MiB, 30 * MiB], liveAtPeakBytes: 35 * MiB }),
      caller("<b>evil</b>", { volumeBytes: 5 * MiB, calls: 4000, liveTimeline: [1024, 2048] }),
      caller("never", { volumeBytes: MiB, liveTimeline: [0, 0] }),
    ],
    sizes: [
      { size: 32768, ...FIGURES, liveTimeline: [10 * MiB, 12 * MiB] },
      { size: null, ...FIGURES, merged: true, volumeBytes: MiB, liveTimeline: [0, MiB] },
    ],
  };
}

describePage("who allocates", (show) => {
  test("call sites are sorted and filtered, and the view by size is a press away", async () => {
    const { page } = await show(given());
    const names = () => page.locator("#caller-table tbody th").allTextContents();
    expect(await names()).toEqual(["inflate+0x41", "<b>evil</b>", "never"]);
    const head = page.locator("#caller-table thead th", { hasText: "calls" });
    await head.getByRole("button").press("Enter");
    expect(await names()).toEqual(["<b>evil</b>", "inflate+0x41", "never"]);
    await page.locator("#caller-filter").fill("INFL");
    expect(await names()).toEqual(["inflate+0x41"]);
    expect(await page.locator("#caller-count").textContent()).toBe("1 of 3 call sites");
    expect(await page.locator("#size-panel").isHidden()).toBe(true);
    await page.getByRole("button", { name: "Sizes" }).press("Enter");
    expect(await page.locator("#caller-panel").isHidden()).toBe(true);
    expect(await page.locator("#size-table tbody th").allTextContents()).toEqual([
      "32,768 B",
      "all others",
    ]);
  });

  test("a row is shown in the timeline, where it is known, and removed there", async () => {
    const { page } = await show(given());
    await page.locator("#caller-table tbody tr >> nth=0").locator("td >> nth=0").click();
    await drawn(() => inkOf(page, "--picked")).toBeGreaterThan(100);
    const legend = page.locator("#series");
    expect(await legend.getByRole("button", { name: /^live: inflate/ }).textContent()).toContain(
      "30 MiB",
    );
    await page.locator("#chart").focus();
    const announced: (string | null)[] = [];
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press("ArrowRight");
      announced.push((await page.locator("#chart-status").textContent())?.split(", ").at(-1) ?? "");
    }
    // The first point is before anything is known; the third is the peak of the process.
    expect(announced).toEqual([
      "live: inflate+0x41 ",
      "live: inflate+0x41 20 MiB",
      "live: inflate+0x41 35 MiB",
      "live: inflate+0x41 30 MiB",
    ]);
    await legend.getByRole("button", { name: "Remove live: inflate+0x41" }).press("Enter");
    await drawn(() => inkOf(page, "--picked")).toBe(0);
    expect(await page.locator("#caller-table .picked").count()).toBe(0);
  });

  test("a site that is small beside the others is shown alone, until its button is pressed", async () => {
    const { page } = await show(given());
    await page.locator("#caller-table").getByRole("button", { name: "<b>evil</b>" }).press("Enter");
    await drawn(() => inkOf(page, "--s0")).toBe(0);
    const button = page.locator("#series").getByRole("button", { name: /^live: <b>evil/ });
    expect(await button.getAttribute("aria-pressed")).toBe("true");
    await button.click();
    await drawn(() => inkOf(page, "--s0")).toBeGreaterThan(200);
    expect(await page.locator("#series b").count()).toBe(0);
  });

  test("one row is chosen at a time, and those that were never live cannot be", async () => {
    const { page } = await show(given());
    expect(await page.locator("#caller-table tbody button").count()).toBe(2);
    await page.locator("#caller-table tbody button >> nth=0").press("Enter");
    await page.getByRole("button", { name: "Sizes" }).click();
    await page.locator("#size-table tbody button >> nth=0").press("Enter");
    expect(await page.locator("#caller-table .picked").count()).toBe(0);
    expect(await page.locator("#size-table .picked").count()).toBe(1);
    expect(await page.locator("#series .picked .name").allTextContents()).toEqual([
      "live: 32,768 B",
    ]);
  });
});
