import { readFileSync } from "node:fs";
import type { Report, Scenario } from "../../../src/report/report.ts";
import { inTurns, type Measured, type Row } from "../row.ts";
import { makeLog, measured, type Workshop } from "../workshop.ts";

/** Peak memory of the default report: mallog's alone, not that of what prints the log. */
export const MEMORY_ROWS: readonly Row[] = [
  {
    name: "memory",
    what: "peak memory / 80 MB + 64 B a live block + 64 B a chunk of a scenario",
    target: 1,
    stretch: null,
    measure: againstAllowance,
  },
  {
    name: "memory-growth",
    what: "peak memory, 20 M calls / 5 M with as many blocks live",
    target: 1.05,
    stretch: null,
    measure: ofLongerLog,
  },
];

function againstAllowance(workshop: Workshop, rounds: number): Measured {
  const log = workshop.log(5e6);
  const report = `cat ${log} | ${measured("mallog --json")} > report.json`;
  const ratios = Array.from({ length: rounds }, () => {
    const { peakBytes } = workshop.costWithin(report);
    return peakBytes / allowance(JSON.parse(readFileSync(workshop.path("report.json"), "utf8")));
  });
  return { ratios };
}

function allowance({ live, scenarios }: Report): number {
  const chunks = scenarios.reduce((sum, one) => sum + chunksOf(one, live.blocks), 0);
  return 80e6 + 64 * live.blocks + 64 * chunks;
}

/** At the log's end, where about as many are live as ever. Chunks in tcaches, of which it tells no number, are left out. */
function chunksOf({ mallinfo2: { ordblks, smblks } }: Scenario, liveBlocks: number): number {
  return liveBlocks + ordblks + smblks;
}

function ofLongerLog(workshop: Workshop, rounds: number): Measured {
  const peak = (events: number) => () =>
    workshop.costWithin(`${makeLog(events)} | ${measured("mallog")}`).peakBytes;
  return {
    ratios: inTurns(rounds, [peak(20e6), peak(5e6)]).map(([long, short]) => long! / short!),
  };
}
