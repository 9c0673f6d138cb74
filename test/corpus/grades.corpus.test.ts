import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/contract/report.ts";
import {
  analyse,
  casesOf,
  logOf,
  OWN_CORPUS,
  optionsFor,
  scenario,
  UNKNOWN_PROCESS,
} from "../support/corpus.ts";

const WHAT_IFS = [
  scenario("malloc_trim=end", {}, true),
  scenario("MALLOC_ARENA_MAX=1", { MALLOC_ARENA_MAX: "1" }, false),
];

const OF_MODEL = ["retained-free-memory", "pinned-heap", "arenas-retain"];

/** With one thread a limit on arenas changes nothing, whatever the log lacks. */
function expectNoGainFromArenas({ trace, scenarios }: Report): void {
  const [recorded, , oneArena] = scenarios;
  if (trace.threads === 1) {
    expect(oneArena?.rss).toEqual({ ...recorded?.rss, spread: oneArena?.rss.spread });
  }
}

const sentences = (report: Report) =>
  present(report)
    .verdict.map(({ text }) => text)
    .join("\n");

/** Neither a cure nor a cause: the log does not show what glibc holds. */
function expectNothingOfGlibc(report: Report): void {
  expect(sentences(report)).toMatch(/^This log does not show what glibc holds/);
  expect(sentences(report)).not.toMatch(/helps most|lowers|glibc keeps/);
  expect(report.findings.filter(({ kind }) => OF_MODEL.includes(kind))).toEqual([]);
}

/** Logs of a few calls, or of calls that never reuse a block, lose nothing that a pointer would show. */
const SHOWS_NOTHING = /^frag-|^xz-|^threadfrag-/;

describe.each(casesOf(OWN_CORPUS))("$name", (one) => {
  const whole = logOf(one, "default")?.toString("latin1") ?? "";
  const lines = whole.trimEnd().split("\n");
  const analysed = (log: string) =>
    analyse(Buffer.from(`${log}\n`, "latin1"), optionsFor(one, "default", WHAT_IFS));

  it("is reproduced", () => {
    expect(analysed(whole.trimEnd()).grade).toEqual({ level: "reproduced", reasons: [] });
  });

  it.skipIf(SHOWS_NOTHING.test(one.name))("is unreliable if its beginning is missing", () => {
    const report = analysed(lines.slice(Math.floor((lines.length * 2) / 3)).join("\n"));
    expectNothingOfGlibc(report);
    expectNoGainFromArenas(report);
    expect(report.grade?.reasons.map(({ kind }) => kind)).toContain("attached-late");
  });

  it.skipIf(SHOWS_NOTHING.test(one.name))("is unreliable if every tenth line is missing", () => {
    const report = analysed(lines.filter((_, i) => i % 10 !== 9).join("\n"));
    expectNothingOfGlibc(report);
    expectNoGainFromArenas(report);
    expect(report.grade?.reasons.map(({ kind }) => kind)).toContain("lines-lost");
  });
});

const FORKING = fileURLToPath(
  new URL("../../../shared/field/forking-server-one-log.log.gz", import.meta.url),
);

it.skipIf(!existsSync(FORKING))(
  "a log that several processes wrote is unreliable, and says why",
  () => {
    const report = analyse(gunzipSync(readFileSync(FORKING)), UNKNOWN_PROCESS);
    expectNothingOfGlibc(report);
    expect(report.grade?.reasons[0]?.kind).toBe("several-processes");
  },
);
