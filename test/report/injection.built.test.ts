import { Chalk } from "chalk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffOf } from "../../src/diff/diff.ts";
import { diffText } from "../../src/diff/diff-text.ts";
import { presentDiff } from "../../src/diff/present-diff.ts";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { writeHtml } from "../../src/report/writers/html.ts";
import { printJson } from "../../src/report/writers/json.ts";
import { writePlain } from "../../src/report/writers/plain.ts";
import { writeText } from "../../src/report/writers/text.ts";
import { hostileText, reportOf } from "../support/hostile-report.ts";

/** Texts of a log change what a format says, not its structure. formats.test.ts and markdown.test.ts have the others. */

const options = { top: 10, sort: DEFAULT_SORT, width: 100, chalk: new Chalk({ level: 0 }) };

/** Not blank: empty texts are left out with all around them. */
const texts = fc.array(
  hostileText.filter((text) => text.trim() !== ""),
  { minLength: 16, maxLength: 16 },
);

function withTexts(check: (given: Report, tame: Report) => void, numRuns = 40): void {
  const tame = reportOf(Array.from({ length: 16 }, (_, i) => `x${i}`));
  fc.assert(
    fc.property(texts, (given) => check(reportOf(given), tame)),
    { numRuns, endOnFailure: true },
  );
}

/** What a terminal obeys, and what changes the direction or the end of a line. */
const STEERING = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

/** The first such character, with what is around it. */
function steering(text: string): string | null {
  const found = STEERING.exec(text);
  return found === null
    ? null
    : JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 5));
}

describe("the page", () => {
  const page = (given: Report): string => writeHtml(present(given), options);

  /** Tags with the names of their attributes. */
  function skeleton(text: string): string[] {
    const body = text
      .replace(/<style>.*?<\/style>/s, "")
      .replace(/<script.*?<\/script>/gs, "<script>")
      // Settings are broken into lines after their commas, and before their values.
      .replace(/<\/?span[^<>]*>|<wbr>/g, "");
    return (body.match(/<[^<>]*>/g) ?? []).map((tag) => tag.replace(/="[^"]*"/g, ""));
  }

  test("has the same elements and attributes whatever the names are", () => {
    withTexts((given, tame) => {
      expect(skeleton(page(given))).toEqual(skeleton(page(tame)));
    }, 40);
  });

  test("has no stray bracket, quote or control character, and its data is JSON", () => {
    withTexts((given) => {
      const written = page(given);
      const [, data = ""] =
        /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(written) ?? [];
      expect(JSON.parse(data)).toBeTypeOf("object");
      expect(data).not.toMatch(/[<>&\u2028\u2029]/);
      const visible = written
        .replace(/<style>.*?<\/style>/s, "")
        .replace(/<script.*?<\/script>/gs, "")
        .replace(/<[^<>]*>/g, "");
      expect(visible).not.toMatch(/[<>"]/);
      expect(steering(visible)).toBeNull();
    }, 40);
  });
});

describe("plain records", () => {
  /** The kind of each record, and how many fields it has. */
  const shape = (text: string): [string, number][] =>
    text.split("\n").map((line) => [line.split("\t")[0] ?? "", line.split("\t").length]);

  test("have as many fields as their heads, and none is added", () => {
    withTexts((given, tame) => {
      const written = writePlain(present(given), options);
      expect(steering(written.replaceAll("\t", ""))).toBeNull();
      const records = (text: string) => shape(text).filter(([kind]) => kind !== "verdict");
      expect(records(written)).toEqual(records(writePlain(present(tame), options)));
    });
  });
});

describe("text for people", () => {
  test("holds nothing that a terminal obeys", () => {
    withTexts((given) => {
      expect(steering(writeText(present(given), options))).toBeNull();
    });
  });

  test("has the same sections whatever the names are", () => {
    withTexts((given, tame) => {
      const heads = (text: string) =>
        text
          .split("\n")
          .filter((line) => /^(?:Threads|Settings|Findings|What was read)/.test(line));
      const named = (report: Report) =>
        heads(writeText(present(report), options)).map((line) => line.split(" ")[0]);
      expect(named(given)).toEqual(named(tame));
    });
  });
});

describe("a comparison", () => {
  test("holds nothing that a terminal obeys, and its JSON reads back", () => {
    fc.assert(
      fc.property(texts, texts, hostileText, (one, other, file) => {
        const diff = diffOf(
          { file, report: reportOf(one) },
          { file: `${file}2`, report: reportOf(other) },
          "0.0.0",
        );
        expect(steering(diffText(presentDiff({ ...diff, budgets: [] }), 10, options))).toBeNull();
        const json = printJson(diff);
        expect(steering(json)).toBeNull();
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(diff)));
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });
});
