import type { Candidate } from "../recorded/candidate.ts";
import type { Detection } from "../recorded/detection.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import { NO_EXITS } from "../replay/last-exits.ts";
import { KeptWorks } from "../replay/peak/kept-works.ts";
import { Touch, TouchBatch } from "../replay/writes/touch.ts";
import { ActionBatch } from "../trace/actions.ts";
import { EventBatch } from "../trace/event.ts";
import { Ledger } from "../trace/ledger/ledger.ts";
import { Marks } from "../trace/stated/marks.ts";
import { isAsRecorded } from "../what-if/sharing.ts";
import type { ModelResult } from "./analysis-result.ts";
import { CauseSeries } from "./cause-series.ts";
import type { FinishedAnalysis } from "./finished-analysis.ts";
import { modelResult, ownResult } from "./model-result.ts";
import { readingAtEnd } from "./observations.ts";
import { LEDGER_PASSES } from "./passes.ts";

/** The state of an analysis between two batches. */
export interface RunningAnalysis
  extends Omit<FinishedAnalysis, "detection" | "touchReading" | "refused" | "needed"> {
  /** null under --no-model */
  readonly detection: Detection | null;
  readonly marks: Marks;
  /** the batches that wait for lines that follow, oldest first */
  readonly waiting: readonly EventBatch[];
}

/** What an analysis in progress has found. */
export interface Snapshot {
  readonly ledger: Ledger;
  readonly marks: Marks;
  readonly model: ModelResult | null;
}

/**
 * Returns what would be found if the log ended here, and changes nothing: copies of the ledger and of the recorded runs
 * read the batches that wait. What only lines that follow can show is left out for these: thread exits, and the order of
 * lines. Of the what-ifs there are only those that share the recorded run.
 */
export function snapshotOf(running: RunningAnalysis): Snapshot {
  const { options, detection } = running;
  const ledger = new Ledger(options);
  ledger.copy(running.ledger);
  const marks = new Marks();
  marks.copy(running.marks);
  const touch = new Touch(options.touch);
  touch.copy(running.touch);
  const runs = new Map(
    detection?.runs.map(({ recorded }) => [recorded, recorded.clone()] as const),
  );
  const copyOf = ({ origin, recorded }: Candidate): Candidate => ({
    origin,
    recorded: runs.get(recorded) ?? recorded,
  });
  const causeSeries = new CauseSeries();
  causeSeries.copy(running.causeSeries);
  readWaiting(running.waiting, { ledger, marks }, touch, [...runs.values()], () => {
    if (detection !== null && options.samples !== false) {
      causeSeries.takeIfDue({ best: copyOf(detection.best) }, ledger);
    }
  });
  if (detection === null) {
    return { ledger, marks, model: null };
  }
  for (const run of runs.values()) {
    run.finish([], NO_EXITS);
  }
  const best = copyOf(detection.best);
  const own = ownResult({
    ...running,
    ledger,
    touch,
    causeSeries,
    detection: {
      best,
      alive: detection.alive.map(copyOf),
      indistinguishable: detection.indistinguishable,
      runnerUp: detection.runnerUp,
    },
    touchReading: readingAtEnd({ ...running, ledger, touch }, best.recorded.guided.replay),
    // The moments that were asked for may be yet to come.
    moments: { inspected: null, observed: [] },
    refused: new Map(),
    needed: { reported: options.whatIfs.filter(isAsRecorded), replayed: [], baseline: null },
  });
  return { ledger, marks, model: modelResult(own, new Map()) };
}

/** Reads the waiting batches, which stay as they are. `onReplayed` is called after each of them. */
function readWaiting(
  waiting: readonly EventBatch[],
  { ledger, marks }: Pick<Snapshot, "ledger" | "marks">,
  touch: Touch,
  runs: readonly RecordedRun[],
  onReplayed: () => void,
): void {
  const actions = new ActionBatch();
  const touched = new TouchBatch();
  const keptWorks = new KeptWorks(true);
  const batches = waiting.map((one) => {
    const copy = new EventBatch();
    copy.copy(one, one.length);
    return copy;
  });
  for (const [n, batch] of batches.entries()) {
    const next = batches[n + 1] ?? null;
    const first = ledger.events;
    for (const pass of LEDGER_PASSES) {
      pass.run({ batch, next, actions, ledger });
    }
    marks.take(batch, first);
    if (runs.length === 0) {
      continue;
    }
    touch.fill(batch, actions, touched);
    const work = { batch, actions, touch: touched };
    const kept = keptWorks.keep(work);
    for (const run of runs) {
      run.replay(work, next, [], kept, false);
    }
    onReplayed();
  }
}
