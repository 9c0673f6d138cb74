import { describe, expect, it } from "vitest";
import { type Stripping, strip } from "../../fixtures/strip.ts";
import type { Report } from "../../src/report/report.ts";
import {
  analyse,
  type Case,
  casesOf,
  logOf,
  OWN_CORPUS,
  optionsFor,
  SHARED_CORPUS,
} from "../support/corpus.ts";

/** Real logs as a simple hook would have written them: nothing told, columns missing, pointers cut. */
const STRIPPED: readonly Stripping[][] = [
  ["events"],
  ["caller"],
  ["time"],
  ["cut"],
  ["events", "caller", "time", "cut"],
];

describe.each(casesOf(OWN_CORPUS))("$name", (one) => {
  const log = logOf(one, "default")?.toString("latin1") ?? "";
  const told = analyseUntold(one, log).scenarios[0]?.rss.endBytes ?? fail();
  it.each(STRIPPED)(
    "stripped of %s %s %s %s keeps its fidelity, its glibc and its RSS",
    (...what) => {
      const { model, scenarios } = analyseUntold(one, strip(log, what));
      expect(Math.abs((scenarios[0]?.rss.endBytes ?? fail()) / told - 1)).toBeLessThan(0.01);
      const least = what.includes("cut") ? 0.98 : 0.99;
      expect(model?.fidelity.ratio).toBeGreaterThanOrEqual(least);
      expect(model?.glibcRange).toContain(one.meta.glibc);
    },
  );
});

describe("thread exits that the log does not tell", () => {
  const one = casesOf(OWN_CORPUS).find(({ name }) => name === "mt-baton24-g236");
  if (one === undefined) {
    throw new Error("the fixture is missing");
  }
  const log = logOf(one, "default")?.toString("latin1") ?? "";
  const told = analyseUntold(one, log);
  const untold = analyseUntold(one, strip(log, ["events"]));

  it("are found out, counted, and not counted as foreseen", () => {
    const { fidelity, inferred } = untold.model ?? fail();
    expect(inferred.threadExits).toBeGreaterThan(10);
    const shown = inferred.threadExits - inferred.lastExits;
    expect(fidelity.equal).toBeLessThanOrEqual(fidelity.compared - shown);
  });

  it("leave the same heaps behind", () => {
    const rss = ({ scenarios }: Report) => scenarios[0]?.rss.endBytes ?? fail();
    expect(Math.abs(rss(untold) / rss(told) - 1)).toBeLessThan(0.01);
  });

  it("are not looked for where the log tells them", () => {
    expect(told.model?.inferred.threadExits).toBe(0);
    expect(told.model?.fidelity.ratio).toBe(1);
  });
});

const endLast = casesOf(SHARED_CORPUS).filter(({ name }) =>
  ["mt-baton16-g231", "mt-free16-g236"].includes(name),
);
if (endLast.length === 0) {
  it.skip("threads that end last of all: the shared corpus is missing");
}

describe.each(endLast)("$name, whose threads end last of all", (one) => {
  const log = logOf(one, "default")?.toString("latin1") ?? "";
  const told = analyseUntold(one, log).scenarios[0]?.rss.endBytes ?? fail();

  it.each([[["events"]], [["events", "caller"]]] as const)(
    "stripped of %s: each exit is found",
    (what) => {
      const { model, scenarios } = analyseUntold(one, strip(log, what));
      expect(model?.inferred.threadExits).toBe(log.match(/thread_exit/g)?.length);
      expect(model?.inferred.lastExits).toBeGreaterThan(0);
      const { lowBytes, highBytes } = scenarios[0]?.rss ?? fail();
      expect(lowBytes).toBeLessThanOrEqual(told * 1.01);
      expect(highBytes).toBeGreaterThanOrEqual(told * 0.99);
    },
  );

  it("of a hook that leaves free(NULL) out: a range, from what all threads keep to what none does", () => {
    const nulls = strip(log, ["events"]).replace(/^.* free\(0x0\)\n/gm, "");
    const { model, scenarios } = analyseUntold(one, nulls);
    const { lowBytes, endBytes, highBytes } = scenarios[0]?.rss ?? fail();
    expect(model?.inferred.lastExits).toBe(0);
    expect(endBytes).toBe(highBytes);
    expect(endBytes).toBeGreaterThan(told * 1.01);
    expect(lowBytes).toBeLessThan(told * 1.01);
  });
});

function analyseUntold(one: Case, log: string): Report {
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
