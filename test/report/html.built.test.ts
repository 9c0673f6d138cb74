import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Chalk } from "chalk";
import { describe, expect, test } from "vitest";
import { containerOf } from "../../src/insight/cures/container.ts";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { html, jsonForScript, Markup } from "../../src/report/html/markup.ts";
import { pageData } from "../../src/report/html/page-data.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { writeHtml } from "../../src/report/writers/html.ts";
import { budget } from "../support/hostile-report.ts";
import { largeReport } from "../support/large-report.ts";
import {
  fidelity,
  MiB,
  NO_TIMELINE,
  report,
  scenario,
  thread,
  trace,
  unavailable,
} from "../support/report-builder.ts";
import { serviceReport } from "../support/service-report.ts";

const options = { top: 10, sort: DEFAULT_SORT, width: 120, chalk: new Chalk({ level: 0 }) };
const page = (given: Report): string => writeHtml(present(given), options);

/** The page without the built style and script and their hashes. */
function structure(text: string): string {
  return text
    .replace(/<style>.*?<\/style>/s, "<style>…</style>")
    .replace(/<script>.*?<\/script>/s, "<script>…</script>")
    .replace(/'sha256-[^']+'|&#39;sha256-.+?&#39;/g, "…");
}

/** The columns that the cells of a row span. */
function widthOf(row: string): number {
  const cells = row.match(/<t[hd] [^>]*>/g) ?? [];
  return cells.reduce((sum, cell) => sum + Number(/colspan="(\d+)"/.exec(cell)?.[1] ?? 1), 0);
}

describe("the page", () => {
  test("has the report as text, and the data of what its script draws", async () => {
    const given = serviceReport();
    const container = containerOf(given, 400 * MiB, 120 * MiB);
    const model = { ...fidelity(567_839, 521_000), cpusSource: "default" as const };
    const written = structure(page({ ...given, container, model }));
    await expect(written).toMatchFileSnapshot("golden/service.html");
  });

  test("lists the budgets with explanations, those not kept first", () => {
    const evil = "<img src=x>";
    const budgets = [
      budget("arenas", { unit: "count", limit: 8, actual: 2, ok: true }),
      budget("rss", { name: evil, message: evil, explanation: [evil], command: evil }),
    ];
    const written = page(report({ budgets }));
    const section = /<section id="budgets".*?<\/section>/s.exec(written)?.[0] ?? "";
    expect(section).toContain("1 of 2 budgets not kept");
    expect(section.indexOf("412.1")).toBeLessThan(section.indexOf("arenas is 2 (limit 8)"));
    expect(section.match(/&#60;img src=x&#62;/g)).toHaveLength(4);
    expect(section).not.toContain("<img");
    expect(page(report())).not.toContain('id="budgets"');
  });

  test("says why a what-if has no figures, in a row as wide as the others", () => {
    const evil = '"><img src=x>';
    const given = { unavailable: [unavailable({ reason: evil })] };
    const section = (scenarios: Report["scenarios"]): string =>
      /<section id="what-if".*?<\/table>/s.exec(page(report({ ...given, scenarios })))?.[0] ?? "";
    const widths = (rows: string): number[] => rows.split('<tr role="row"').slice(2).map(widthOf);
    const all = section([scenario("as recorded"), scenario("MALLOC_ARENA_MAX=1")]);
    expect(all).toContain(">not in glibc 2.17</td>");
    expect(all).not.toContain("<img");
    expect(new Set(widths(all)).size).toBe(1);
    expect(new Set(widths(section([scenario("as recorded")]))).size).toBe(1);
  });

  test("has no RSS without a model", async () => {
    const written = structure(page(report({ model: null, scenarios: [] })));
    expect(written).not.toMatch(/id="(what-if|heaps|fidelity|timeline)"/);
    expect(written).toContain("the model was not run (--no-model)");
  });

  test("has neither charts nor tables without events", () => {
    const none = trace({ events: 0, threads: 0, firstTime: null, lastTime: null });
    const written = page(report({ threads: [], model: null, scenarios: [], trace: none }));
    expect(structure(written)).not.toContain("<table");
  });

  test("allows only its own script and style", () => {
    const written = page(serviceReport());
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(written)?.[1];
    const hashes = ["script", "style"].map((tag) => {
      const text = new RegExp(`<${tag}>(.*?)</${tag}>`, "s").exec(written)?.[1] ?? "";
      expect(text.length).toBeGreaterThan(1000);
      return `sha256-${createHash("sha256").update(text).digest("base64")}`;
    });
    expect(policy?.replaceAll("&#39;", "'")).toBe(
      `default-src 'none'; script-src '${hashes[0]}'; style-src '${hashes[1]}'; base-uri 'none'; form-action 'none'`,
    );
    expect(written).not.toMatch(/\bstyle="|\bon\w+="|\bsrc=|\bhref=/);
  });

  test("is deterministic", () => expect(page(largeReport())).toBe(page(largeReport())));

  test("shows texts of the log as text only", () => {
    const evil = "</script></title></style><img src=x onerror=alert(1)><!--\u2028\u202e'\"&";
    const given = report({
      trace: trace({ sources: [evil], malformedSamples: [{ line: 1, text: evil }] }),
      threads: [thread(1, { name: evil, topFrame: evil })],
      scenarios: [scenario("as recorded"), scenario(evil)],
      model: { ...fidelity(2, 1), settings: { [evil]: evil } },
      timeline: {
        ...NO_TIMELINE,
        time: [0],
        liveBytes: [1],
        inUseBytes: [1],
        perScenario: { "as recorded": [1], [evil]: [1] },
      },
    });
    const written = structure(page(given));
    expect(written).not.toContain("<img");
    expect(written).not.toContain("<!--");
    // Only the data and the script.
    expect(written.match(/<script/g)?.length).toBe(2);
    expect(written.match(/<\/script/g)?.length).toBe(2);
    expect(written).not.toMatch(/[\u2028\u202e]/);
  });
});

describe("the data", () => {
  test("a timeline ends with the final values: a trim at the end shows", () => {
    const [recorded, trimmed] = [
      scenario("as recorded"),
      scenario("malloc_trim=end", { endMiB: 12 }),
    ];
    const timeline = {
      ...NO_TIMELINE,
      time: [0, 1],
      eventsPerPoint: 20,
      liveBytes: [5, 6],
      inUseBytes: [7, 8],
      perScenario: { "as recorded": [9, 10], "malloc_trim=end": [9, 10] },
    };
    const data = pageData(report({ scenarios: [recorded, trimmed], timeline })).timeline;
    expect(data?.time).toEqual([0, 1, 1]);
    // The second point covers fewer events.
    expect(data?.events).toEqual([20, 30, 30]);
    expect(data?.series.map(({ kind, bytes }) => [kind, bytes.at(-1)])).toEqual([
      ["live", 10 * MiB],
      ["inUse", 11 * MiB],
      ["rss", 20 * MiB],
      ["rss", 12 * MiB],
    ]);
  });

  test.each([
    ["unknown", [null, null]],
    ["known in part", [0, null]],
    ["falling", [2, 1]],
    ["constant", [3, 3]],
  ])("times that are %s make no axis", (_, time) => {
    const timeline = { ...report().timeline, time, liveBytes: [1, 2] };
    expect(pageData(report({ timeline })).timeline?.time).toBeNull();
  });

  test("the limit is that of the container minus the memory outside malloc", () => {
    const timeline = { ...report().timeline, time: [0], liveBytes: [1] };
    const given = report({ timeline });
    const limited = { ...given, container: containerOf(given, 100 * MiB, 30 * MiB) };
    expect(pageData(limited).timeline?.limit?.bytes).toBe(70 * MiB);
    expect(pageData(given).timeline?.limit).toBeNull();
  });
});

describe("markup", () => {
  test("values are escaped, except markup", () => {
    const made = html`<p title="${`"'<>&`}">${html`<b>${1}</b>`}${null}</p>`;
    expect(made.text).toBe('<p title="&#34;&#39;&#60;&#62;&#38;"><b>1</b></p>');
    expect(html`${[new Markup("<i>"), new Markup("</i>")]}`.text).toBe("<i>\n</i>");
  });

  test("JSON in a script reads back unchanged", () => {
    const value = { "</script>": "<!-- & \u2028\u2029 ]]>" };
    const written = jsonForScript(value);
    expect(written).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(written)).toEqual(value);
  });
});

test("the bundled script contains no end tag, but uPlot's licence", () => {
  const script = readFileSync(new URL("../../dist/page/page.js", import.meta.url), "utf8");
  expect(script).not.toMatch(/<\/script|<!--/i);
  expect(script).toContain("Permission is hereby granted, free of charge");
});
