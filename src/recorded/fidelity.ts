import type { Fidelity } from "../report/contract/report.ts";
import type { CutSizes } from "./explain/cut-sizes.ts";
import type { RecordedRun } from "./recorded-run.ts";

/** Returns how many of the log's pointers the run matched. A size that had to be restored counts as a mismatch. */
export function fidelity(run: RecordedRun, cutSizes: CutSizes): Fidelity {
  const { compared } = run.judge;
  const equal = Math.max(0, run.matched - cutSizes.unforeseen);
  const [first] = [run.state.firstDivergence, cutSizes.firstDivergence]
    .filter((one) => one !== null)
    .sort((a, b) => a.event - b.event);
  const ratio = compared === 0 ? 1 : equal / compared;
  return { compared, equal, ratio, firstDivergence: first ?? null };
}
