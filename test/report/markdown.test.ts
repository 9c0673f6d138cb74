import { Chalk } from "chalk";
import fc from "fast-check";
import { marked, type Token } from "marked";
import { describe, expect, test } from "vitest";
import { containerOf } from "../../src/insight/cures/container.ts";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { printable } from "../../src/report/wording/printable.ts";
import { cutMiddle } from "../../src/report/wording/shorten.ts";
import { writeMarkdown } from "../../src/report/writers/markdown.ts";
import {
  budget,
  hostileText,
  hostileTexts,
  hugeReport,
  reportOf,
} from "../support/hostile-report.ts";
import { MiB, report, scenario, thread, unavailable } from "../support/report-builder.ts";
import { serviceReport } from "../support/service-report.ts";

const chalk = new Chalk({ level: 0 });

function markdown(given: Report, top = 10): string {
  return writeMarkdown(present(given), { sort: DEFAULT_SORT, top, width: 80, chalk });
}

describe("the whole report", () => {
  test("of a service", async () => {
    const budgets = [
      budget("live", { actual: 1024, ok: true }),
      budget("rss", {
        name: "container",
        message: "Ask the memory team before you raise it.",
        explanation: ["MALLOC_ARENA_MAX=1 would need 244.6 MiB."],
        command: "mallog service.log.gz --sort pinned",
      }),
    ];
    const written = markdown({ ...serviceReport(), budgets });
    await expect(written).toMatchFileSnapshot("golden/service.md");
  });

  test("of a small clean log", async () => {
    await expect(markdown(report())).toMatchFileSnapshot("golden/small.md");
  });

  test("without a model", async () => {
    const given = report({ model: null, scenarios: [] });
    await expect(markdown(given)).toMatchFileSnapshot("golden/no-model.md");
  });

  test("is deterministic", () => expect(markdown(serviceReport())).toBe(markdown(serviceReport())));
});

test("a what-if without figures has a row as wide as the others", () => {
  const written = markdown(report({ unavailable: [unavailable()] }));
  const rows = written.split("\n");
  const row = rows.find((line) => line.includes("tcache_count"));
  expect(row).toMatch(/^\| `glibc\.malloc\.tcache_count=0` \| not in glibc 2\.17 \|/);
  const recorded = rows.find((line) => line.startsWith("| `as recorded`"));
  expect(row?.match(/\|/g)?.length).toBe(recorded?.match(/\|/g)?.length);
});

describe("with hostile texts", () => {
  test("names change no structure and make no links", () => {
    const tame = structure(marked.lexer(markdown(reportOf(["x"]))));
    fc.assert(
      fc.property(hostileTexts, (texts) => {
        // Empty columns and items are left out.
        const known = texts.map((text) => (text.trim() === "" ? "x" : text));
        const tokens = marked.lexer(markdown(reportOf(known)));
        expect(structure(tokens)).toEqual(tame);
        marked.walkTokens(tokens, ({ type, raw }) => {
          expect(["link", "image", "em", "del", "br", "escape", "def"], raw).not.toContain(type);
        });
      }),
      { numRuns: 300, examples: [[["0"]]] },
    );
  });

  test("names are rendered unchanged", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), hostileText), (name) => {
        const html = marked.parse(markdown(report({ threads: [thread(4242, { name })] })), {
          async: false,
        });
        const row = html.slice(html.search(/<td[^>]*>4242<\/td>/));
        const cell =
          /^<td[^>]*>4242<\/td>\s*<td[^>]*>(?:<code>(.*?)<\/code>)?<\/td>/.exec(row)?.[1] ?? "";
        expect(unescaped(cell).trim()).toBe(cutMiddle(printable(name), 80).trim());
      }),
      { examples: [["0"]] },
    );
  });

  test("the size stays below the limits of comments and job summaries", () => {
    for (const top of [0, 10]) {
      const huge = hugeReport();
      const written = markdown({ ...huge, container: containerOf(huge, MiB * 90, 0) }, top);
      expect(written.length).toBeLessThan(65_536);
      expect(Buffer.byteLength(written)).toBeLessThan(1024 * 1024);
      expect(written.match(/<details>/g)).toHaveLength(5);
      expect(written.match(/<\/details>/g)).toHaveLength(5);
      expect(written).toContain("### 100 of 100 budgets not kept");
    }
  });
});

describe("many settings", () => {
  const names = (written: string): string[] =>
    [...written.matchAll(/^\| `(S=\d+|as recorded)` /gm)].map(([, name]) => name ?? "");

  test("show the recorded run and those with the lowest RSS", () => {
    const settings = Array.from({ length: 50 }, (_, i) =>
      scenario(`S=${i}`, { endMiB: i === 40 ? 10 : 20 + i }),
    );
    const written = markdown(report({ scenarios: [scenario("as recorded"), ...settings] }));
    expect(names(written).slice(0, 3)).toEqual(["as recorded", "S=40", "S=0"]);
    expect(names(written)).toHaveLength(20);
    expect(written).toContain("| … 31 more |");
  });

  test("keep the order of the report if they are few", () => {
    const settings = [scenario("S=1", { endMiB: 30 }), scenario("S=2", { endMiB: 10 })];
    const written = markdown(report({ scenarios: [scenario("as recorded"), ...settings] }));
    expect(names(written)).toEqual(["as recorded", "S=1", "S=2"]);
  });
});

function unescaped(html: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"' };
  return html.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) =>
    code === undefined ? (named[name] ?? "") : String.fromCodePoint(Number(code)),
  );
}

/** Kinds of blocks, with the numbers of their items, rows and cells. */
function structure(tokens: readonly Token[]): unknown[] {
  return tokens
    .filter(({ type }) => type !== "space")
    .map((token) => {
      if (token.type === "table") {
        return ["table", token.header.length, token.rows.length];
      }
      if (token.type === "list") {
        return [token.items.map(({ tokens }: { tokens: Token[] }) => structure(tokens))];
      }
      return token.type;
    });
}
