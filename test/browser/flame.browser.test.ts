import { expect, test } from "vitest";
import type { Report } from "../../src/report/contract/report.ts";
import { caller, MiB, thread } from "../support/report-builder.ts";
import { drawn } from "./look.ts";
import { service } from "./service.ts";
import { describePage } from "./shown.ts";

const EVIL = "<img src=x onerror=alert(1)>";

function given(): Report {
  return {
    ...service(),
    threads: [thread(7, { name: EVIL }), thread(8)],
    callers: [caller(EVIL)],
    sites: {
      tid: [7, 7, 8],
      caller: [EVIL, null, EVIL],
      size: [100, 200, 300],
      calls: [1, 1, 1],
      volumeBytes: [6 * MiB, 3 * MiB, MiB],
      liveBytes: [0, 0, 2 * MiB],
      liveAtPeakBytes: [0, 0, 0],
      pinnedBytes: [0, 0, 0],
    },
  };
}

describePage("the flame graph", (show) => {
  test("shows thread, call site and size, as text, and zooms by mouse", async () => {
    const { page } = await show(given());
    await page.getByRole("button", { name: "Flame graph" }).click();
    const frames = page.locator("#flame .frame");
    await drawn(() => frames.count()).toBe(1 + 2 + 3 + 3);
    expect(await page.locator("#flame img").count()).toBe(0);
    expect(await frames.nth(1).textContent()).toBe(`${EVIL} (7) 9 MiB`);
    const whole = (await page.locator("#flame").boundingBox())!.width;
    const width = async (nth: number) => (await frames.nth(nth).boundingBox())!.width / whole;
    expect(await width(1)).toBeCloseTo(0.9, 2);
    await frames.nth(2).hover();
    const status = page.locator("#flame-status");
    expect(await status.textContent()).toBe(`${EVIL} (7) › ${EVIL}: 6 MiB (60.0 %)`);
    await frames.nth(2).click();
    await drawn(() => frames.count()).toBe(4);
    expect(await width(3)).toBeCloseTo(1, 2);
    await frames.nth(0).click();
    await drawn(() => frames.count()).toBe(9);
  });

  test("is read by keys, and shows other bytes", async () => {
    const { page } = await show(given());
    await page.getByRole("button", { name: "Flame graph" }).press("Enter");
    await page.locator("#flame").focus();
    const status = () => page.locator("#flame-status").textContent();
    for (const key of ["ArrowDown", "ArrowRight", "ArrowDown"]) {
      await page.keyboard.press(key);
    }
    expect(await status()).toBe(`thread 8 › ${EVIL}: 1,024 KiB (10.0 %)`);
    await page.keyboard.press("Enter");
    await drawn(() => page.locator("#flame .frame").count()).toBe(4);
    await page.keyboard.press("Escape");
    expect(await status()).toBe("All: 10 MiB");
    expect(await page.getByRole("button", { name: "live at the peak" }).count()).toBe(0);
    await page.getByRole("button", { name: "live at the end" }).press("Enter");
    expect(await status()).toBe("All: 2 MiB");
    await drawn(() => page.locator("#flame .frame").count()).toBe(4);
  });
});
