import { readFileSync } from "node:fs";
import type { Report, Scenario } from "../../../src/report/contract/report.ts";
import { inTurns, type Measured, type Row } from "../row.ts";
import { type Calls, MANY_LIVE, makeLog, measured, type Sandbox } from "../sandbox.ts";

/** Peak memory of the default report: that of mallog alone, without the program that prints the log. */
export const MEMORY_ROWS: readonly Row[] = [
  {
    name: "memory",
    ratioOf: "peak memory / 80 MB + 64 B per live block + 64 B per chunk of a scenario",
    target: 1,
    stretch: null,
    onRequest: false,
    measure: againstAllowance({}),
  },
  {
    name: "memory-3m-live",
    ratioOf: "the same, 3 M live blocks",
    target: 1,
    stretch: null,
    onRequest: true,
    measure: againstAllowance(MANY_LIVE),
  },
  {
    name: "memory-growth",
    ratioOf: "peak memory, 20 M calls / 5 M with as many live blocks",
    target: 1.05,
    stretch: null,
    onRequest: true,
    measure: ofLongerLog,
  },
];

function againstAllowance(calls: Partial<Calls>): Row["measure"] {
  return (sandbox, rounds) => {
    const log = sandbox.log(calls);
    const report = `cat ${log} | ${measured("mallog --json")} > report.json`;
    const ratios = Array.from({ length: rounds }, () => {
      const { peakBytes } = sandbox.costWithin(report);
      return peakBytes / allowance(JSON.parse(readFileSync(sandbox.path("report.json"), "utf8")));
    });
    return { ratios };
  };
}

function allowance({ live, scenarios }: Report): number {
  const chunks = scenarios.reduce((sum, one) => sum + chunksOf(one, live.blocks), 0);
  return 80e6 + 64 * live.blocks + 64 * chunks;
}

/** Chunks at the log's end, where about as many are live as ever. Those in tcaches are not counted: mallinfo2 has no number of them. */
function chunksOf({ mallinfo2: { ordblks, smblks } }: Scenario, liveBlocks: number): number {
  return liveBlocks + ordblks + smblks;
}

function ofLongerLog(sandbox: Sandbox, rounds: number): Measured {
  const peak = (events: number) => () =>
    sandbox.costWithin(`${makeLog({ events })} | ${measured("mallog")}`).peakBytes;
  return {
    ratios: inTurns(rounds, [peak(20e6), peak(5e6)]).map(([long, short]) => long! / short!),
  };
}
