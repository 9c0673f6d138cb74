import { describe, expect, it } from "vitest";
import type { Report } from "../../src/report/contract/report.ts";
import {
  analyse,
  type Case,
  casesOf,
  isCut,
  logOf,
  OWN_CORPUS,
  optionsFor,
  truthOf,
} from "../support/corpus.ts";

/**
 * Real logs without their first 30 %, like those of a hook that was attached late. Only the places of later blocks, and
 * frees of pointers that no line returned, show the blocks that were live at that time. The report says how many pointers
 * it reproduced; its RSS at the end is compared with the measured one.
 */
const MISSING = 0.3;

/**
 * Limit of the error; and the part of the whole runs whose error must be within the target of 5 %. A cut ends in the midst
 * of a run, where much of the live memory is from the missing beginning.
 */
const LIMIT = 0.35;
const TARGET = 0.05;
const MIN_WITHIN = 0.75;

const errors = new Map<string, number>();

const measured = casesOf(OWN_CORPUS).filter((one) => truthOf(one, "default") !== null);

describe.each(measured)("$name without its beginning", (one) => {
  it("is replayed with its pointers as guide, and the report counts the mismatches", () => {
    const { model, scenarios, trace } = lateReport(one);
    const [recorded, ...whatIfs] = scenarios;
    const measured = truthOf(one, "default")?.exit.heap_rss;
    if (model === null || recorded === undefined || measured === undefined) {
      throw new Error("incomplete");
    }
    const error = recorded.rss.endBytes / measured - 1;
    if (!isCut(one)) {
      errors.set(one.name, error);
    }
    expect(Math.abs(error)).toBeLessThan(LIMIT);
    expect(model.fidelity.equal).toBeLessThan(model.fidelity.compared);
    expect(model.fidelity.firstDivergence).not.toBeNull();
    // Memory allocated outside the log is in use in every scenario.
    for (const { rss } of whatIfs) {
      expect(rss.endBytes).toBeGreaterThanOrEqual(model.inferred.unloggedBytes);
    }
    if (trace.anomalies.freeUnknown > 0) {
      expect(model.fidelity.compared).toBeGreaterThan(0);
    }
  });
});

it("most errors are within the target, the median within 2 %", () => {
  const sizes = [...errors.values()].map(Math.abs).sort((a, b) => a - b);
  const within = sizes.filter((error) => error <= TARGET).length;
  expect(within / sizes.length, JSON.stringify([...errors])).toBeGreaterThanOrEqual(MIN_WITHIN);
  expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(0.02);
});

function lateReport(one: Case): Report {
  const lines = (logOf(one, "default")?.toString("latin1") ?? "").split("\n");
  const late = lines.slice(Math.floor(lines.length * MISSING)).join("\n");
  const whatIfs = [
    {
      name: "one arena",
      settings: { MALLOC_ARENA_MAX: "1" },
      trim: "never",
      glibc: null,
      cpus: null,
    },
  ] as const;
  return analyse(Buffer.from(late, "latin1"), {
    ...optionsFor(one, "default", whatIfs, "facts"),
    glibc: "auto",
    recordedWith: null,
    cpus: null,
  });
}
