import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { SystemCalls } from "../report/contract/report.ts";
import { systemCallsBy } from "../report/system-calls-of.ts";

/** What memory costs in time: calls to the kernel, and faults of pages of the kernel. */
export interface Price {
  readonly systemCalls: SystemCalls;
  readonly pageFaults: number;
}

/** Returns the price of what a model has done so far. */
export function priceFigures(model: Ptmalloc, reading: Reading): Price {
  const { pages, returned } = model.resident;
  const bytes = reading.bytes(pages.map((one, bit) => one + returned[bit]!));
  return {
    systemCalls: systemCallsBy((kind) => model.systemCalls[kind]),
    pageFaults: Math.round(bytes / model.pageBytes),
  };
}

/** Returns the price of a what-if moved by the difference between recorded run and baseline. */
export function movedPrice(whatIf: Price, recorded: Price, baseline: Price): Price {
  return {
    systemCalls: systemCallsBy((kind) =>
      moved(whatIf.systemCalls[kind], recorded.systemCalls[kind], baseline.systemCalls[kind]),
    ),
    pageFaults: moved(whatIf.pageFaults, recorded.pageFaults, baseline.pageFaults),
  };
}

function moved(whatIf: number, recorded: number, baseline: number): number {
  return Math.max(0, recorded + whatIf - baseline);
}
