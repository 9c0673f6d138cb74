import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { AnalysisOptions } from "../../src/pipeline/analysis-options.ts";
import type { CauseColumns, Causes, Report } from "../../src/report/contract/report.ts";
import { analyse } from "../support/corpus.ts";

const FOLDER = new URL("../../fixtures/corpus/", import.meta.url);

/** Programs of one thread, whose end changes nothing; the second one trims its heap and grows again. */
const LOGS = [
  { name: "perl-churn-g223", glibc: "2.23" },
  { name: "synth-trim-phase-g236", glibc: "2.36" },
];

function optionsFor(glibc: string): AnalysisOptions {
  return {
    model: true,
    whatIfs: [],
    recordedWith: null,
    glibc,
    cpus: null,
    hostCpus: 2,
    touch: { fitted: null },
    thp: null,
  };
}

function logOf(name: string): Buffer {
  return gunzipSync(readFileSync(fileURLToPath(new URL(`${name}/trace.log.gz`, FOLDER))));
}

/** The log up to its event number `events`. */
function upTo(log: Buffer, events: number): Buffer {
  let at = 0;
  for (let left = events; left > 0; ) {
    if (log[at] !== "#".charCodeAt(0)) {
      left--;
    }
    at = log.indexOf("\n", at) + 1;
  }
  return log.subarray(0, at);
}

function columnsOf({ timeline }: Report): CauseColumns {
  if (timeline.causes === undefined) {
    throw new Error("no causes");
  }
  return timeline.causes;
}

function causesAt(columns: CauseColumns, i: number): Causes {
  const { events: _, time: __, ...causes } = columns;
  const entries = Object.entries(causes).map(([cause, bytes]) => [cause, bytes[i]]);
  return Object.fromEntries(entries);
}

describe("the causes over time", () => {
  it.each(LOGS)("are those of $name if it ended there", ({ name, glibc }) => {
    const log = logOf(name);
    const options = optionsFor(glibc);
    const columns = columnsOf(analyse(log, options));
    const { events } = columns;
    expect(events.length).toBeGreaterThan(4);
    for (const i of [0, 2, events.length - 1]) {
      const cut = analyse(upTo(log, events[i]!), options);
      expect(cut.trace.events).toBe(events[i]);
      expect(causesAt(columns, i)).toEqual(cut.causes?.["as recorded"]?.end);
      const { firstTime, lastTime } = cut.trace;
      // Times are whole µs; their difference in seconds is rounded.
      expect(Math.round(columns.time[i]! * 1e6)).toBe(Math.round((lastTime! - firstTime!) * 1e6));
    }
  });

  it("are a few dozen samples however many batches there are, in order, and the same where the version must be found", () => {
    const log = logOf("perl-churn-g223");
    const columns = columnsOf(analyse(log, optionsFor("2.23"), 256));
    const { events } = columns;
    expect(events.length).toBeGreaterThan(4);
    expect(events.length).toBeLessThan(20);
    expect([...events].sort((a, b) => a - b)).toEqual(events);
    expect(columnsOf(analyse(log, optionsFor("auto"))).events).toEqual(
      columnsOf(analyse(log, optionsFor("2.23"))).events,
    );
  });

  it("are absent without a model", () => {
    const head = upTo(logOf("perl-churn-g223"), 100);
    expect(analyse(head, { ...optionsFor("auto"), model: false }).timeline.causes).toBeUndefined();
    expect(columnsOf(analyse(head, optionsFor("2.23"))).events).toEqual([100]);
  });
});
