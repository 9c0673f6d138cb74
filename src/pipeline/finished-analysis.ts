import type { Detection } from "../recorded/detection.ts";
import type { CutSizes } from "../recorded/explain/cut-sizes.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Holes } from "../replay/writes/holes.ts";
import type { Touch } from "../replay/writes/touch.ts";
import type { TouchReading } from "../replay/writes/touch-reading.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";
import type { LogFacts } from "../trace/stated/log-facts.ts";
import type { AnalysisOptions } from "./analysis-options.ts";
import type { RefusedScenario } from "./analysis-result.ts";
import type { CauseSeries } from "./cause-series.ts";
import type { MomentSearches } from "./moment-searches.ts";
import type { RaiseSites } from "./raise-sites.ts";
import type { NeededWhatIfs } from "./tried-what-ifs.ts";

/** An RSS sample of the log. The recorded run has a probe for each. */
export interface MeasuredRss {
  /** µs on the log's clock; NaN when unknown */
  readonly time: number;
  /** events of the log before it */
  readonly events: number;
  readonly bytes: number;
}

/** The state of an analysis at the log's end. */
export interface FinishedAnalysis {
  readonly options: AnalysisOptions;
  readonly facts: LogFacts;
  readonly ledger: Ledger;
  readonly touch: Touch;
  readonly holes: Holes;
  readonly cutSizes: CutSizes;
  readonly measured: readonly MeasuredRss[];
  readonly causeSeries: CauseSeries;
  readonly detection: Pick<Detection, "best" | "alive" | "indistinguishable" | "runnerUp">;
  readonly raiseSites: RaiseSites;
  readonly moments: Pick<MomentSearches, "inspected" | "observed">;
  readonly touchReading: TouchReading;
  readonly refused: ReadonlyMap<ScenarioSpec, RefusedScenario>;
  readonly needed: NeededWhatIfs;
}
