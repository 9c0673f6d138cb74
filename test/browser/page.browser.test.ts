import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { heapMap, largeReport, MANY_SCENARIOS } from "../support/large-report.ts";
import { arena, report, scenario, thread, trace } from "../support/report-builder.ts";
import { coloursIn, drawn, inkOf, pictureOf } from "./look.ts";
import { service } from "./service.ts";
import { describePage } from "./shown.ts";

/** The page in a real browser: its drawings, mouse and keyboard, and that it makes no requests. */
describePage("the page", (show) => {
  test("draws its charts", async () => {
    const { page } = await show(service());
    await drawn(() => coloursIn(page, "#chart canvas")).toBeGreaterThan(5);
    expect(await page.locator("#maps canvas").count()).toBe(2 * 12);
    // Full, partly free (one shade of three), all free, absent and its edge, the topmost block's frame.
    await drawn(() => coloursIn(page, "#maps canvas >> nth=0")).toBeGreaterThanOrEqual(6);
    expect(await page.locator(".what-if rect").count()).toBe(10);
  });

  test("draws the log's marks, by time and by events", async () => {
    const without = await show(service());
    await drawn(() => coloursIn(without.page, "#chart canvas")).toBeGreaterThan(5);
    expect(await without.page.locator("#timeline-note").textContent()).not.toContain("marks");
    const given = service();
    const marks = [
      { label: "warm", line: 7, events: 400_000, time: 30 },
      { label: "beyond the axis", line: 8, events: 2e9, time: null },
    ];
    const { page } = await show({ ...given, timeline: { ...given.timeline, marks } });
    const before = await pictureOf(without.page);
    await drawn(() => pictureOf(page)).not.toBe(before);
    expect(await page.locator("#timeline-note").textContent()).toContain(
      "Dotted lines: marks of the log.",
    );
    for (const { page: one } of [without, { page }]) {
      await one.getByRole("button", { name: "By events" }).click();
    }
    await drawn(async () => (await pictureOf(page)) === (await pictureOf(without.page))).toBe(
      false,
    );
  });

  test("a series is toggled by mouse and by keyboard", async () => {
    const { page } = await show(service());
    const button = page.getByRole("button", { name: /^RSS as recorded/ });
    await drawn(() => inkOf(page, "--s0")).toBeGreaterThan(200);
    const before = await inkOf(page, "--s0");
    await button.click();
    expect(await button.getAttribute("aria-pressed")).toBe("false");
    await drawn(() => inkOf(page, "--s0")).toBe(0);
    await button.press("Enter");
    expect(await button.getAttribute("aria-pressed")).toBe("true");
    await drawn(() => inkOf(page, "--s0")).toBe(before);
  });

  test("the container's limit and the measured RSS can be hidden", async () => {
    const { page } = await show(service());
    for (const [name, property] of [
      [/^container limit/, "--bad"],
      [/^measured RSS/, "--measured"],
    ] as const) {
      await drawn(() => inkOf(page, property)).toBeGreaterThan(10);
      await page.getByRole("button", { name }).click();
      await drawn(() => inkOf(page, property)).toBe(0);
    }
  });

  test("the timeline zooms in and out with mouse, buttons and keys", async () => {
    const { page } = await show(service());
    const whole = await pictureOf(page);
    await page.locator("#chart").scrollIntoViewIfNeeded();
    const box = (await page.locator("#chart .u-over").boundingBox())!;
    await page.mouse.move(box.x + 200, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 100, { steps: 5 });
    await page.mouse.up();
    await drawn(() => pictureOf(page)).not.toBe(whole);
    await page.locator("#zoom-reset").click();
    await drawn(() => pictureOf(page)).toBe(whole);
    await page.locator("#chart").focus();
    await page.keyboard.press("+");
    await drawn(() => pictureOf(page)).not.toBe(whole);
    await page.keyboard.press("0");
    await drawn(() => pictureOf(page)).toBe(whole);
    await page.locator("#axis").click();
    expect(await page.locator("#axis").textContent()).toBe("By time");
    expect(await page.locator("#timeline-note").textContent()).toContain("Events of the log.");
    await drawn(() => pictureOf(page)).not.toBe(whole);
  });

  test("the keyboard announces values of the timeline", async () => {
    const { page } = await show(service());
    await page.locator("#chart").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#chart-status").textContent()).toBe(
      "40.0 s: live 180 MiB, in use 190 MiB, RSS as recorded 380 MiB, MALLOC_ARENA_MAX=1 200 MiB",
    );
    expect(await page.locator("#series .where").textContent()).toBe("at 40.0 s");
  });

  test("a log without times is drawn by events, and the page says so", async () => {
    const given = service();
    const time = given.timeline.time.map(() => null);
    const { page } = await show({ ...given, timeline: { ...given.timeline, time } });
    expect(await page.locator("#axis").isHidden()).toBe(true);
    expect(await page.locator("#timeline-note").textContent()).toContain("no steady clock");
    await drawn(() => coloursIn(page, "#chart canvas")).toBeGreaterThan(5);
  });

  test("heap maps describe cells by mouse and by key, for the chosen scenario", async () => {
    const { page } = await show(service());
    const map = page.locator("#maps canvas").first();
    await map.hover({ position: { x: 12, y: 4 } });
    const tip = page.locator("#tip");
    expect(await tip.textContent()).toContain(
      "main arena, heap 1, +0x1000 (4 KiB), page 2 of 400: partly free, about 50 % in free chunks.",
    );
    await map.focus();
    await page.keyboard.press("End");
    expect(await page.locator("#map-status").textContent()).toMatch(
      /page 400 of 400: not resident\. The topmost live block of the heap starts here \(48 B\)/,
    );
    await page.keyboard.press("Escape");
    expect(await tip.isHidden()).toBe(true);
    await page.locator("#map-scenario").selectOption({ label: "MALLOC_ARENA_MAX=1" });
    expect(await page.locator("#maps canvas").count()).toBe(1);
    await drawn(() => inkOf(page, "--full", "#maps canvas")).toBe(0);
    await page.locator("#map-scenario").selectOption({ label: "as recorded" });
    await page.locator("#maps-more").click();
    expect(await page.locator("#maps canvas").count()).toBe(2 * 16);
    await drawn(() => inkOf(page, "--full", "#maps canvas")).toBeGreaterThan(1000);
  });

  test("the thread table is sorted and filtered", async () => {
    const { page } = await show(service());
    const head = page.locator("#thread-table thead th", { hasText: "calls" });
    const first = page.locator("#thread-table tbody tr >> nth=0");
    expect(await sortOf(page, "volume")).toBe("descending");
    await head.getByRole("button").press("Enter");
    expect(await sortOf(page, "calls")).toBe("descending");
    expect(await sortOf(page, "volume")).toBeNull();
    expect(await first.locator("th").textContent()).toBe("16342");
    await head.getByRole("button").click();
    expect(await sortOf(page, "calls")).toBe("ascending");
    expect(await first.locator("th").textContent()).toBe("16385");
    const calls = await columnOf(page, 3);
    expect(calls).toEqual([...calls].sort((a, b) => a - b));
    await page.locator("#thread-filter").fill("EXEC-4");
    expect(await page.locator("#thread-table tbody tr").count()).toBe(5);
    expect(await page.locator("#thread-count").textContent()).toBe("5 of 44 threads");
    await page.locator("#thread-filter").fill("16342");
    expect(await page.locator("#thread-table tbody tr").count()).toBe(1);
  });

  test("the theme follows the system until the button sets it", async () => {
    const { page } = await show(service(), { colorScheme: "dark" });
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    const before = await pictureOf(page);
    await page.locator("#theme").click();
    expect(await page.locator("#theme").textContent()).toBe("Dark theme");
    expect(await paper()).toBe("rgb(255, 255, 255)");
    expect(dark).not.toBe("rgb(255, 255, 255)");
    await drawn(() => pictureOf(page)).not.toBe(before);
    await page.locator("#theme").click();
    expect(await paper()).toBe(dark);
    await drawn(() => pictureOf(page)).toBe(before);
  });

  test.each(["light", "dark"] as const)("contrast is sufficient: %s", async (colorScheme) => {
    const { page } = await show(service(), { colorScheme });
    const low: string[] = [];
    for (const [least, properties] of [
      [4.5, ["--ink", "--soft", "--accent", "--good", "--bad", "--s1"]],
      [
        3,
        [
          "--live",
          "--in-use",
          "--picked",
          "--s0",
          "--s2",
          "--s3",
          "--s4",
          "--s5",
          "--s6",
          "--measured",
        ],
      ],
    ] as const) {
      for (const property of properties) {
        const ratio = await contrastOf(page, property);
        if (ratio < least) {
          low.push(`${property}: ${ratio.toFixed(2)} < ${least}`);
        }
      }
    }
    expect(low).toEqual([]);
  });

  test("Tab reaches all controls, which show their focus", async () => {
    const { page } = await show(service());
    const reached = new Set<string>();
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const { activeElement: element } = document;
        if (element === null || element === document.body) {
          return null;
        }
        const { outlineStyle } = getComputedStyle(element);
        const name = element.id || element.textContent || element.tagName;
        return `${outlineStyle === "solid" ? "" : "invisible: "}${name}`;
      });
      if (at !== null) {
        reached.add(at);
      }
    }
    const ids = ["theme", "axis", "zoom-in", "zoom-out", "zoom-reset", "chart", "map-scenario"];
    expect([...reached]).toEqual(expect.arrayContaining([...ids, "maps-more", "thread-filter"]));
    expect([...reached].filter((name) => name.startsWith("invisible"))).toEqual([]);
  });

  test("texts of a log are not interpreted as markup", async () => {
    const evil = "</script></title><img src=x onerror=alert(1)><script>alert(2)</script><!--\u2028";
    const { page } = await show(
      report({
        trace: trace({ sources: [evil], malformedSamples: [{ line: 1, text: evil }] }),
        threads: [thread(1, { name: evil, topFrame: evil })],
        scenarios: [scenario("as recorded", { arenas: [arena(0, { heapMaps: [heapMap(4)] })] })],
      }),
    );
    const shown = evil.replace("\u2028", "\\u{2028}");
    expect(await page.title()).toBe(`${shown} · mallog`);
    expect(await page.locator("h1").textContent()).toBe(shown);
    expect(await page.locator("#thread-table td.text").first().textContent()).toBe(shown);
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("script").count()).toBe(2);
  });

  test.each([320, 390, 768])("%i pixels wide: only tables scroll horizontally", async (width) => {
    const long = "x".repeat(400);
    const given = service();
    const { page } = await show(
      {
        ...given,
        trace: { ...given.trace, sources: [`${long}.log`] },
        threads: [thread(1, { name: long }), ...given.threads],
        scenarios: [...given.scenarios, scenario(`glibc.malloc.${long}=1`)],
      },
      { viewport: { width, height: 800 } },
    );
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await drawn(() => coloursIn(page, "#chart canvas")).toBeGreaterThan(5);
  });

  test("on a phone the legend shows the default scenarios whole, and breaks them between settings", async () => {
    const names = ["malloc_trim=end", "MALLOC_ARENA_MAX=1", "MALLOC_ARENA_MAX=2"];
    const given = service();
    const all = [
      ...given.scenarios.slice(0, 1),
      ...[...names, names.join(",")].map((name) => scenario(name)),
    ];
    const { bytes: recorded = [] } = { bytes: given.timeline.perScenario["as recorded"] };
    const perScenario = Object.fromEntries(all.map(({ name }) => [name, recorded]));
    const { page } = await show(
      { ...given, scenarios: all, timeline: { ...given.timeline, perScenario } },
      { viewport: { width: 390, height: 844 } },
    );
    const legend = page.locator("#series");
    expect(await legend.evaluate((box) => box.scrollHeight - box.clientHeight)).toBeLessThanOrEqual(
      0,
    );
    const lines = await legend
      .locator("button", { hasText: names.join(",") })
      .locator(".setting")
      .evaluateAll((settings) => settings.map((one) => one.getClientRects().length));
    expect(lines).toEqual([1, 1, 1]);
  });

  test("in print it is light, and has no controls", async () => {
    const { page } = await show(service(), { colorScheme: "dark" });
    await page.locator("#theme").click();
    await page.locator("#theme").click();
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      "rgb(255, 255, 255)",
    );
    // Media queries report their change in a later frame.
    await drawn(() => inkOf(page, "--s0")).toBeGreaterThan(200);
    for (const id of ["#theme", ".tools", ".filter", "#maps-more"]) {
      expect(await page.locator(id).isHidden()).toBe(true);
    }
    const pdf = await page.pdf({ format: "A4" });
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    expect(pdf.length).toBeGreaterThan(20_000);
  });

  test("a page of ten thousand threads and fifty scenarios opens fast and stays readable", async () => {
    const { page } = await show(largeReport());
    expect(await busySeconds(page, () => page.reload())).toBeLessThan(3);
    expect(await page.locator(".what-if tbody tr").count()).toBe(1 + MANY_SCENARIOS);
    // At first four scenarios are drawn besides the recorded run.
    expect(await page.locator('#series [aria-pressed="true"]').count()).toBe(2 + 1 + 4);
    expect(await page.locator("#thread-table tbody tr").count()).toBe(50);
    expect(await page.locator("#thread-count").textContent()).toBe(
      "10,000 threads, the first 50 shown",
    );
    const head = page.locator("#thread-table thead th", { hasText: "thread" });
    expect(await busySeconds(page, () => head.getByRole("button").click())).toBeLessThan(2);
    expect(await page.locator("#thread-table tbody th").first().textContent()).toBe("16342");
    await page.locator("#thread-filter").fill("exec-9999");
    expect(await page.locator("#thread-table tbody tr").count()).toBe(1);
    await page.locator("#thread-filter").fill("");
    await page.locator("#thread-more").click();
    expect(await page.locator("#thread-table tbody tr").count()).toBe(550);
  });
});

/** Processor seconds of the page's main thread during `act`, which other load does not affect. */
async function busySeconds(page: Page, act: () => Promise<unknown>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  };
  const before = await busy();
  await act();
  const seconds = (await busy()) - before;
  await session.detach();
  return seconds;
}

/** WCAG's contrast ratio of a custom property's colour to the background. */
function contrastOf(page: Page, property: string): Promise<number> {
  return page.evaluate((name) => {
    const probe = document.body.appendChild(document.createElement("span"));
    const luminance = (colour: string): number => {
      probe.style.color = `var(${colour})`;
      const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map((v) => {
        const part = Number(v) / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [one, other] = [luminance(name), luminance("--paper")];
    probe.remove();
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }, property);
}

function sortOf(page: Page, head: string): Promise<string | null> {
  return page.locator("#thread-table thead th", { hasText: head }).getAttribute("aria-sort");
}

/** The numbers in a column of the table of threads, in their order. */
async function columnOf(page: Page, column: number): Promise<number[]> {
  const cells = page.locator(`#thread-table tbody tr > :nth-child(${column + 1})`);
  return (await cells.allTextContents()).map((text) => Number(text.replaceAll(",", "")));
}
