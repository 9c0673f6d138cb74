import { expect, test } from "vitest";
import type { Report } from "../../src/report/contract/report.ts";
import { MiB, NO_CAUSES } from "../support/report-builder.ts";
import { drawn, inkOf, pictureOf } from "./look.ts";
import { service } from "./service.ts";
import { describePage } from "./shown.ts";

const NOTHING = [0, 0];

/** The service, whose RSS is at its peak in the third of four points, with causes at the first two. */
function given(): Report {
  const { timeline, ...rest } = service();
  return {
    ...rest,
    causes: {
      "as recorded": {
        end: { ...NO_CAUSES, live: 218 * MiB, returnable: 194 * MiB },
        peak: { ...NO_CAUSES, live: 231 * MiB, tops: 224 * MiB },
      },
    },
    timeline: {
      ...timeline,
      causes: {
        events: [200_000, 400_000],
        time: [20, 40],
        live: [90 * MiB, 180 * MiB],
        mapped: NOTHING,
        overhead: NOTHING,
        unwritten: [-1 * MiB, 0],
        tcache: NOTHING,
        fastbins: NOTHING,
        returnable: NOTHING,
        pinned: [111 * MiB, 200 * MiB],
        tops: NOTHING,
        idleArenas: NOTHING,
        unlogged: NOTHING,
      },
    },
  };
}

describePage("why memory is resident", (show) => {
  test("is stacked over the run, and shown at the end and at the peak", async () => {
    const { page } = await show(given());
    const chart = "#cause-chart canvas";
    for (const layer of ["held", "returnable", "pinned", "tops"]) {
      await drawn(() => inkOf(page, `--layer-${layer}`, chart)).toBeGreaterThan(50);
    }
    const bar = page.locator("#cause-bar");
    expect(await bar.getAttribute("aria-label")).toBe(
      "RSS 412 MiB at the end: held by the program 218 MiB (52.9 %), free whole pages 194 MiB (47.1 %)",
    );
    await page.getByRole("button", { name: "At the peak" }).press("Enter");
    expect(await bar.getAttribute("aria-label")).toContain("RSS 455 MiB at the peak: held");
    expect(await bar.locator("span").count()).toBe(2);
    expect(await page.locator("table.causes .picked >> nth=0").isHidden()).toBe(true);
  });

  test("has RSS as a line over the whole run, between the moments too", async () => {
    const chart = "#cause-chart canvas";
    const picture = async (...bytes: number[]): Promise<string> => {
      const { timeline, ...rest } = given();
      const perScenario = { "as recorded": bytes.map((size) => size * MiB) };
      const { page } = await show({ ...rest, timeline: { ...timeline, perScenario } });
      await drawn(() => inkOf(page, "--layer-held", chart)).toBeGreaterThan(50);
      return pictureOf(page, chart);
    };
    expect(await picture(200, 380, 455, 412)).toBe(await picture(200, 380, 455, 412));
    expect(await picture(200, 380, 455, 412)).not.toBe(await picture(200, 100, 455, 412));
  });

  test("a moment is chosen by mouse and by key, and has a column of its own", async () => {
    const { page } = await show(given());
    await page.locator("#cause-chart .u-over").click({ position: { x: 5, y: 50 } });
    const head = page.locator("table.causes thead .picked");
    expect(await head.textContent()).toBe("at 20.0 sMiB");
    const cells = () => page.locator("table.causes tbody .picked").allTextContents();
    // Free pages beside blocks are neither at the end nor at the peak, but they are in the table.
    expect(await cells()).toEqual(["90.0", "-1.0", "0", "111.0", "0", "200.0"]);
    const before = await pictureOf(page, "#cause-chart canvas");
    await page.locator("#cause-chart").focus();
    await page.keyboard.press("ArrowRight");
    expect(await head.textContent()).toBe("at 40.0 sMiB");
    expect(await page.locator("#cause-status").textContent()).toContain("RSS 380 MiB at 40.0 s");
    await drawn(() => pictureOf(page, "#cause-chart canvas")).not.toBe(before);
    await page.keyboard.press("ArrowRight");
    expect(await head.isHidden()).toBe(true);
    const peak = page.getByRole("button", { name: "At the peak" });
    expect(await peak.getAttribute("aria-pressed")).toBe("true");
  });

  test("without a course there are the bar and the table", async () => {
    const { causes: _, ...timeline } = given().timeline;
    const { page } = await show({ ...given(), timeline });
    expect(await page.locator("#cause-chart").isHidden()).toBe(true);
    expect(await page.locator("#cause-bar").isVisible()).toBe(true);
  });
});
