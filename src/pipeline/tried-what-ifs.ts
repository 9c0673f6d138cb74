import type { GuidedReplay } from "../recorded/guided-replay.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";
import { type Baseline, baselineFor, scenariosOf } from "../what-if/baseline.ts";
import { isAsRecorded, limitsArenasOnly } from "../what-if/sharing.ts";
import { mayHelp } from "../what-if/trials.ts";
import type { AnalysisOptions } from "./analysis-options.ts";
import type { RefusedScenario } from "./analysis-result.ts";
import { refusedBy } from "./refused-what-ifs.ts";

/** What the log's end shows to be needed of the what-ifs. */
export interface NeededWhatIfs {
  readonly reported: readonly ScenarioSpec[];
  /** those whose figures the recorded run does not have, and the baseline's */
  readonly replayed: readonly ScenarioSpec[];
  /** with which they must be compared; null: the recorded run itself serves */
  readonly baseline: Baseline | null;
}

/** The what-ifs that are replayed beside the recorded run of a process. */
export class TriedWhatIfs {
  /** those that the process's glibc refuses */
  refused: ReadonlyMap<ScenarioSpec, RefusedScenario> = new Map();
  readonly #options: AnalysisOptions;
  /** those that the process may have a use for */
  #trials: readonly ScenarioSpec[] = [];
  /** null: none is replayed */
  #baseline: Baseline | null = null;

  constructor(options: AnalysisOptions) {
    this.#options = options;
  }

  /**
   * The process is known: returns the scenarios that need replays of their own. Called again if it turns out to be another.
   * `isAnchored` and `threads`: of the log so far.
   */
  start(origin: RecordedProcess, isAnchored: boolean, threads: number): readonly ScenarioSpec[] {
    this.refused = refusedBy(origin, this.#options.whatIfs);
    this.#trials = (this.#options.trials ?? []).filter((spec) => mayHelp(spec, origin));
    const own = this.#all.filter((spec) => !isAsRecorded(spec));
    this.#baseline = baselineFor(own, isAnchored, threads);
    return [...own, ...scenariosOf(this.#baseline)];
  }

  /** Returns what is needed at the log's end. `guided`: the recorded run; null without a model. */
  neededBy(ledger: Ledger, guided: GuidedReplay | null): NeededWhatIfs {
    const reported = this.#all;
    const inMainArena = guided !== null && usesMainArenaOnly(ledger, guided);
    const replayed = reported.filter(
      (spec) => !isAsRecorded(spec) && !(inMainArena && limitsArenasOnly(spec)),
    );
    const serves =
      this.#baseline?.ofOneThread === true ? guided?.isAnchored === true && inMainArena : true;
    const baseline = serves && replayed.length > 0 ? this.#baseline : null;
    return { reported, replayed: [...replayed, ...scenariosOf(baseline)], baseline };
  }

  get #all(): readonly ScenarioSpec[] {
    const accepted = this.#options.whatIfs.filter((spec) => !this.refused.has(spec));
    return [...accepted, ...this.#trials];
  }
}

/**
 * True if all memory is in the main arena because the log has one thread (§6.1). After a refusal of the kernel a thread alone
 * may have got another arena (§6.5), and so have threads whose tids the log lacks.
 */
function usesMainArenaOnly({ threads }: Ledger, { replay }: GuidedReplay): boolean {
  return threads.size === 1 && replay.model.arenas.length === 1;
}
