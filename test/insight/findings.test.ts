import { describe, expect, it } from "vitest";
import { type Facts, findings } from "../../src/insight/findings.ts";
import { arena, MiB, MODEL, scenario, trace } from "../support/report-builder.ts";

function kinds(given: Partial<Facts>): string[] {
  const facts: Facts = {
    recorded: scenario("as recorded"),
    scenarios: [],
    thresholdRaise: null,
    threads: [],
    callers: [],
    pins: [],
    trace: trace(),
    lostCalls: 0,
    fidelity: MODEL.fidelity,
    outsideBytes: 0,
    refersToPlaces: false,
    freezesThresholds: false,
    rssByGlibc: new Map(),
    ...given,
  };
  return findings(facts).map(({ kind }) => kind);
}

describe("memory in use that the log does not show", () => {
  it("is not memory that glibc holds", () => {
    const recorded = scenario("as recorded", { endMiB: 20, inUseBytes: 10 * MiB });
    expect(kinds({ recorded })).toEqual(["retained-free-memory"]);
    expect(kinds({ recorded, outsideBytes: 6 * MiB })).toEqual([]);
  });

  it("does not make arenas idle", () => {
    const idle = { rssBytes: 3 * MiB, inUseBytes: 1 * MiB };
    const arenas = [arena(0), arena(1, idle), arena(2, idle)];
    const recorded = scenario("as recorded", { inUseBytes: 20 * MiB, arenas });
    expect(kinds({ recorded })).toEqual(["arenas-retain"]);
    expect(kinds({ recorded, outsideBytes: 3.5 * MiB })).toEqual([]);
  });
});

it("calls that the hook could not write are a finding", () => {
  expect(kinds({})).not.toContain("lost-calls");
  expect(kinds({ lostCalls: 3 })).toContain("lost-calls");
});
