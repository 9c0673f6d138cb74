import { describe, expect, it } from "vitest";
import { type Stripping, strip } from "../../fixtures/strip.ts";
import type { Report } from "../../src/report/contract/report.ts";
import {
  analyse,
  type Case,
  casesOf,
  logOf,
  OWN_CORPUS,
  optionsFor,
  SHARED_CORPUS,
} from "../support/corpus.ts";

/** Real logs as a simple hook would have written them: fewer lines and columns, cut pointers. */
const ALL: readonly Stripping[] = ["events", "caller", "time", "cut"];
/** Of these, each log lacks one in turn. The model reads neither callers nor times. */
const ONES: readonly (readonly Stripping[])[] = [["cut"], ["caller"], ["cut"], ["time"]];
const EVENTS: readonly Stripping[] = ["events"];
const cases = casesOf(OWN_CORPUS).map((one, n) => ({ name: one.name, one, n }));

describe.each(cases)("$name", ({ one, n }) => {
  const log = logOf(one, "default")?.toString("latin1") ?? "";
  const whole = analyse(Buffer.from(log, "latin1"), optionsFor(one, "default", []));
  const full = whole.scenarios[0]?.rss.endBytes ?? fail();
  const hasEvents = strip(log, EVENTS) !== log;
  const stripped = [...(hasEvents ? [EVENTS] : []), ONES[n % ONES.length]!, ALL];
  it.each(stripped.map((strippings) => [strippings] as const))(
    "stripped of %s: fidelity, glibc and RSS stay",
    (strippings) => {
      const { model, scenarios } = analyseByPointers(one, strip(log, strippings));
      expect(Math.abs((scenarios[0]?.rss.endBytes ?? fail()) / full - 1)).toBeLessThan(0.01);
      const least = strippings.includes("cut") ? 0.98 : 0.99;
      expect(model?.fidelity.ratio).toBeGreaterThanOrEqual(least);
      expect(model?.glibcRange).toContain(one.meta.glibc);
    },
  );
});

describe("thread exits that the log does not have", () => {
  const one = casesOf(OWN_CORPUS).find(({ name }) => name === "mt-baton24-g236");
  if (one === undefined) {
    throw new Error("the fixture is missing");
  }
  const log = logOf(one, "default")?.toString("latin1") ?? "";
  const full = analyseByPointers(one, log);
  const stripped = analyseByPointers(one, strip(log, ["events"]));

  it("are inferred and counted, and their pointers do not count as matched", () => {
    const { fidelity, inferred } = stripped.model ?? fail();
    expect(inferred.threadExits).toBeGreaterThan(10);
    const shown = inferred.threadExits - inferred.lastExits;
    expect(fidelity.equal).toBeLessThanOrEqual(fidelity.compared - shown);
  });

  it("leave the same RSS", () => {
    const rss = ({ scenarios }: Report) => scenarios[0]?.rss.endBytes ?? fail();
    expect(Math.abs(rss(stripped) / rss(full) - 1)).toBeLessThan(0.01);
  });

  it("are not inferred if the log has them", () => {
    expect(full.model?.inferred.threadExits).toBe(0);
    expect(full.model?.fidelity.ratio).toBe(1);
  });
});

const endLast = casesOf(SHARED_CORPUS).filter(({ name }) =>
  ["mt-baton16-g231", "mt-free16-g236"].includes(name),
);
if (endLast.length === 0) {
  it.skip("threads that end after the last pointer: the shared corpus is missing");
}

describe.each(endLast)("$name, whose threads end after the last pointer", (one) => {
  const log = logOf(one, "default")?.toString("latin1") ?? "";
  const full = analyseByPointers(one, log).scenarios[0]?.rss.endBytes ?? fail();

  it.each([[["events"]], [["events", "caller"]]] as const)(
    "stripped of %s: each exit is found",
    (strippings) => {
      const { model, scenarios } = analyseByPointers(one, strip(log, strippings));
      expect(model?.inferred.threadExits).toBe(log.match(/thread_exit/g)?.length);
      expect(model?.inferred.lastExits).toBeGreaterThan(0);
      const { lowBytes, highBytes } = scenarios[0]?.rss ?? fail();
      expect(lowBytes).toBeLessThanOrEqual(full * 1.01);
      expect(highBytes).toBeGreaterThanOrEqual(full * 0.99);
    },
  );

  it("from a hook that omits free(NULL): a range, from all threads ended to none", () => {
    const nulls = strip(log, ["events"]).replace(/^.* free\(0x0\)\n/gm, "");
    const { model, scenarios } = analyseByPointers(one, nulls);
    const { lowBytes, endBytes, highBytes } = scenarios[0]?.rss ?? fail();
    expect(model?.inferred.lastExits).toBe(0);
    expect(endBytes).toBe(highBytes);
    expect(endBytes).toBeGreaterThan(full * 1.01);
    expect(lowBytes).toBeLessThan(full * 1.01);
  });
});

function analyseByPointers(one: Case, log: string): Report {
  const options = optionsFor(one, "default", []);
  return analyse(Buffer.from(log, "latin1"), {
    ...options,
    glibc: "auto",
    recordedWith: null,
    cpus: null,
  });
}

function fail(): never {
  throw new Error("there is no model");
}
