import { PROFILES } from "../ptmalloc/profile.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { ModelSummary } from "../report/contract/report.ts";
import type { InSteps } from "../trace/in-steps.ts";
import type { Candidate } from "./candidate.ts";
import { type Part, replayUntilMismatch } from "./explain/first-mismatch.ts";
import type { RecordedRun } from "./recorded-run.ts";

/**
 * Where every candidate has mismatches, as in a log that began late, chance decides single calls: two candidates that
 * differ by less than this part of the mismatches count as equal.
 */
const LUCK_RATIO = 0.1;
/** A candidate is dropped only if its deficit is beyond chance, and by more calls than this. */
const BEHIND_CALLS = 32;

/**
 * A log that began late shows a version's rules only when most of the memory allocated before it is used up. Where all
 * candidates match less than FEW_RATIO of the pointers, this many compared calls are ignored once as many more have
 * followed; until then no candidate is dropped.
 */
const SETTLED_CALLS = 32768;
const FEW_RATIO = 0.95;

/** A first mismatch earlier than this says nothing: in a log that began late any version may match for a few events. */
const LUCKY_EVENTS = 16;

/** Calls compared so far, and how many of them each candidate matched. */
interface Standing {
  readonly compared: number;
  readonly matched: ReadonlyMap<Candidate, number>;
}

/** Candidates for which explanations are searched. */
export const MAX_INFERRING = 4;

/**
 * Finds the glibc version of a log (ptmalloc2.md §10.5): all candidates are replayed side by side, and those that match
 * fewer pointers are dropped. Versions that the log cannot tell apart stay to its end, so that a rule that matters late
 * still finds its version.
 */
export class Detection {
  /** likeliest first, at the start in the order given: explanations are searched for the first ones */
  #alive: Candidate[];
  /** in the order in which ties are decided */
  readonly #preferred: readonly Candidate[];
  #isRanked = false;
  #runnerUp: ModelSummary["glibcRunnerUp"] = null;
  /** the standing from which on calls count; null: from the beginning */
  #settled: Standing | null = null;

  /** `accepts`: true if a process's glibc accepts the settings of all what-ifs */
  constructor(
    candidates: readonly Candidate[],
    accepts: (origin: RecordedProcess) => boolean = () => true,
  ) {
    this.#alive = [...candidates];
    this.#preferred = candidates.length === 1 ? candidates : inPreference(candidates, accepts);
  }

  get alive(): readonly Candidate[] {
    return this.#alive;
  }

  /** one candidate per run, likeliest first: the first version that shares it */
  get runs(): readonly Candidate[] {
    const seen = new Set<RecordedRun>();
    return this.#alive.filter(({ recorded }) => !seen.has(recorded) && seen.add(recorded));
  }

  /**
   * Of the candidates that the pointers do not tell apart, the newest that accepts all what-ifs. Where explanations were
   * found, only a run that has some shows what else the log leaves out.
   */
  get best(): Candidate {
    const tied = this.indistinguishable;
    const explained = tied.filter(({ recorded }) => recorded.explanations > 0);
    const among = explained.length > 0 ? explained : tied;
    return this.#preferred.find((one) => among.includes(one)) ?? this.#alive[0]!;
  }

  /** true while candidates with different runs, whose states may differ, match equally many pointers */
  get isOpen(): boolean {
    return new Set(this.indistinguishable.map(({ recorded }) => recorded)).size > 1;
  }

  /** the candidates that match as many pointers as the best one, or fewer within what chance explains */
  get indistinguishable(): readonly Candidate[] {
    const most = this.#most;
    const luck = (this.#compared - most) * LUCK_RATIO;
    return this.#alive.filter((one) => this.#matched(one) >= most - luck);
  }

  /** the best candidate of those that were dropped */
  get runnerUp(): ModelSummary["glibcRunnerUp"] {
    return this.#runnerUp;
  }

  get #most(): number {
    return Math.max(...this.#alive.map((one) => this.#matched(one)));
  }

  /** Returns the pointers that the candidate matched, of those that count. */
  #matched(candidate: Candidate): number {
    const before = this.#isSettled ? (this.#settled?.matched.get(candidate) ?? 0) : 0;
    return candidate.recorded.matched - before;
  }

  /** compared calls, of those that count */
  get #compared(): number {
    return this.#allCompared - (this.#isSettled ? (this.#settled?.compared ?? 0) : 0);
  }

  get #allCompared(): number {
    return this.#alive[0]!.recorded.judge.compared;
  }

  /** true once enough calls were compared since the log settled */
  get #isSettled(): boolean {
    return this.#settled !== null && this.#allCompared >= this.#settled.compared + SETTLED_CALLS;
  }

  /**
   * Sorts the candidates by how long they match the log's first batch, before it is replayed; later batches do not change
   * the order. Explanations are searched for a few only, and the log's first pointers rule most versions out.
   */
  rank(part: Part): void {
    if (this.#isRanked || this.#alive.length === 1 || part.work.batch.length === 0) {
      return;
    }
    this.#isRanked = true;
    const end = part.first + part.work.batch.length;
    const matchedUntil = new Map(
      this.#alive.map((one) => {
        const trial = one.recorded.guided.cloneAs(one.origin.profile);
        const { events } = replayUntilMismatch(trial, [part], end, 1);
        return [one, events < LUCKY_EVENTS ? 0 : events] as const;
      }),
    );
    this.#alive.sort((a, b) => matchedUntil.get(b)! - matchedUntil.get(a)!);
  }

  /**
   * Explains mismatches of the likeliest candidates; for all it would cost too much. While one candidate matches every
   * pointer, the others will be dropped however much is explained.
   */
  *infer(logsExits: boolean): InSteps {
    if (this.#most === this.#compared) {
      return;
    }
    for (const { recorded } of this.runs.slice(0, MAX_INFERRING)) {
      yield* recorded.infer(logsExits);
    }
  }

  /** Gives each sibling version that was split off a run of its own. All runs must have replayed the same events. */
  adoptSplits(): void {
    const before = this.runs;
    for (const one of this.#alive) {
      let own = one.recorded.splitOff.get(one.origin.profile);
      // A version may have been split off together with others, and then from these, too.
      for (; own !== undefined; own = own.splitOff.get(one.origin.profile)) {
        one.recorded = own;
      }
    }
    // A version that is dropped later must not stay in memory here.
    for (const { recorded } of [...before, ...this.runs]) {
      recorded.splitOff.clear();
    }
  }

  /** Drops the candidates that are behind. All runs must have replayed the same events. */
  narrow(): void {
    if (this.#alive.length === 1) {
      return;
    }
    const most = this.#most;
    const compared = this.#compared;
    if (most < compared * FEW_RATIO) {
      if (compared < SETTLED_CALLS) {
        return;
      }
      this.#settled ??= this.#standing();
      if (!this.#isSettled) {
        return;
      }
    }
    const margin = most === compared ? 0 : Math.max(BEHIND_CALLS, (compared - most) * LUCK_RATIO);
    const dropped = this.#alive.filter((one) => this.#matched(one) < most - margin);
    for (const { origin, recorded } of dropped) {
      const ratio = recorded.matched / this.#allCompared;
      if (ratio >= (this.#runnerUp?.ratio ?? 0)) {
        this.#runnerUp = { glibc: origin.profile.name, ratio };
      }
    }
    this.#alive = this.#alive.filter((one) => !dropped.includes(one));
    // A log that no version can follow cannot tell them apart either: the few best suffice.
    if (most < compared / 2) {
      this.#keepBest(MAX_INFERRING);
    }
  }

  #standing(): Standing {
    const matched = new Map(this.#alive.map((one) => [one, one.recorded.matched]));
    return { compared: this.#allCompared, matched };
  }

  #keepBest(count: number): void {
    const byMatched = [...this.#alive].sort((a, b) => this.#matched(b) - this.#matched(a));
    const kept = new Set(byMatched.slice(0, count));
    this.#alive = this.#alive.filter((candidate) => kept.has(candidate));
  }
}

/** Sorts those that accept the what-ifs first, then the newest first; tags, which distributions do not ship, come last. */
function inPreference(
  candidates: readonly Candidate[],
  accepts: (origin: RecordedProcess) => boolean,
): Candidate[] {
  const refusing = new Set(candidates.filter(({ origin }) => !accepts(origin)));
  const isTag = ({ origin }: Candidate): boolean => origin.profile.name.endsWith("-tag");
  const age = ({ origin }: Candidate): number => -PROFILES.indexOf(origin.profile);
  return [...candidates].sort(
    (a, b) =>
      Number(refusing.has(a)) - Number(refusing.has(b)) ||
      Number(isTag(a)) - Number(isTag(b)) ||
      age(a) - age(b),
  );
}
