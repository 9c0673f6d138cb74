import type { Analysis } from "../pipeline/analysis.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import type { Fidelity } from "../report/report.ts";

/** How many of the log's pointers the run foresaw: of blocks whose size was cut it did not, as printed. */
export function fidelity({ cutSizes }: Analysis, run: RecordedRun): Fidelity {
  const { compared } = run.judge;
  const equal = Math.max(0, run.equal - cutSizes.unforeseen);
  const [first] = [run.firstDivergence, cutSizes.firstDivergence]
    .filter((one) => one !== null)
    .sort((a, b) => a.event - b.event);
  const ratio = compared === 0 ? 1 : equal / compared;
  return { compared, equal, ratio, firstDivergence: first ?? null };
}
