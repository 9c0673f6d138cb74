import type { ShownSetting } from "../replay/pointers/pointer-witness.ts";
import type { ModelSummary } from "../report/report.ts";
import { type Part, replayUntilWrong } from "./explain/first-mismatch.ts";
import type { RecordedProcess } from "./models.ts";
import type { RecordedRun } from "./recorded-run.ts";

/**
 * One glibc that the log may be of: a run as recorded under its rules, and how it agrees with the pointers. Kindred
 * versions share one run, until a call comes that they may treat differently.
 */
export interface Candidate {
  readonly origin: RecordedProcess;
  recorded: RecordedRun;
}

/** Settings that the log's pointers showed, from its beginning on or later. */
export function shownSettings({ origin, recorded }: Candidate): readonly ShownSetting[] {
  return [...origin.shown, ...(recorded.run.witness?.settings ?? [])];
}

/** The recorded process's settings, as told and as shown, by name. */
export function settingsOf(candidate: Candidate): Record<string, string> {
  const settings = { ...candidate.origin.settings };
  for (const { name, value } of shownSettings(candidate)) {
    settings[name] = String(value);
  }
  return settings;
}

/**
 * Where candidates all err, as in a log that began late, luck decides over single calls: of two that differ by less
 * than this part of the calls that went wrong, neither is the better.
 */
const LUCK_RATIO = 0.1;
/** One is dropped only when it is behind by more than luck, and by more calls than this. */
const BEHIND_CALLS = 32;

/**
 * A log that began late shows rules only when most of what it does not tell of has been used up. So where all reproduce
 * few pointers, what the first so many calls that are compared came to is left out of account, as soon as as many more
 * are; until then no version is dropped.
 */
const SETTLED_CALLS = 32768;
const FEW_RATIO = 0.95;

/** In a log that began late any version may be right for some events. */
const LUCKY_EVENTS = 16;

/** Calls compared so far, and how many pointers of them each candidate reproduced. */
interface Standing {
  readonly compared: number;
  readonly equal: ReadonlyMap<Candidate, number>;
}

/** Candidates for which explanations are sought. */
export const MAX_INFERRING = 4;

/**
 * Which glibc a log is of (ptmalloc2.md §10.5): all candidates are replayed side by side, and those that reproduce
 * fewer of the log's pointers are dropped. Versions that the log cannot tell apart stay to its end, so that a rule
 * that matters late still finds its version.
 */
export class Detection {
  /** in the order given, which is that of how common they are */
  #alive: Candidate[];
  #runnerUp: ModelSummary["glibcRunnerUp"] = null;
  /** calls compared, and pointers reproduced by each candidate, when that began to count; null: from the beginning */
  #settled: Standing | null = null;

  constructor(candidates: readonly Candidate[]) {
    this.#alive = [...candidates];
  }

  get alive(): readonly Candidate[] {
    return this.#alive;
  }

  /** the runs of these, likeliest first, each with the first version that shares it */
  get runs(): readonly Candidate[] {
    const seen = new Set<RecordedRun>();
    return this.#alive.filter(({ recorded }) => !seen.has(recorded) && seen.add(recorded));
  }

  /** of those that agree as well as any, the most common one */
  get best(): Candidate {
    return this.indistinguishable[0] ?? this.#alive[0]!;
  }

  /** those that reproduced as many pointers as any other, as far as luck can be told from rules */
  get indistinguishable(): readonly Candidate[] {
    const most = this.#most;
    const luck = (this.#compared - most) * LUCK_RATIO;
    return this.#alive.filter((one) => this.#equal(one) >= most - luck);
  }

  get #most(): number {
    return Math.max(...this.#alive.map((one) => this.#equal(one)));
  }

  /** Pointers that the candidate reproduced, of those that count. */
  #equal(candidate: Candidate): number {
    const before = this.#counts ? (this.#settled?.equal.get(candidate) ?? 0) : 0;
    return candidate.recorded.equal - before;
  }

  /** Calls that were compared, of those that count. */
  get #compared(): number {
    return this.#allCompared - (this.#counts ? (this.#settled?.compared ?? 0) : 0);
  }

  get #allCompared(): number {
    return this.#alive[0]!.recorded.judge.compared;
  }

  /** True once enough calls were compared since the log settled. */
  get #counts(): boolean {
    return this.#settled !== null && this.#allCompared >= this.#settled.compared + SETTLED_CALLS;
  }

  /**
   * Puts those first that stay right longest in the log's first batch, which is still to be replayed: explanations are
   * sought for a few only, and the log's first pointers rule most versions out.
   */
  rank(part: Part): void {
    if (this.#alive.length === 1) {
      return;
    }
    const end = part.first + part.work.batch.length;
    const right = new Map(
      this.#alive.map((one) => {
        const run = one.recorded.run.clone();
        run.model.adopt(one.origin.profile);
        run.anchored = false;
        const { events } = replayUntilWrong(run, [part], end, 1);
        return [one, events < LUCKY_EVENTS ? 0 : events] as const;
      }),
    );
    this.#alive.sort((a, b) => right.get(b)! - right.get(a)!);
  }

  /**
   * Explains wrong pointers of the likeliest candidates; for all it would cost too much. While one is right throughout,
   * those that are not will be dropped, however much is explained.
   */
  infer(tellsExits: boolean): void {
    if (this.#most === this.#compared) {
      return;
    }
    for (const { recorded } of this.runs.slice(0, MAX_INFERRING)) {
      recorded.infer(tellsExits);
    }
  }

  /** To be called when all have replayed the same events: kindred versions go their own ways where these have parted. */
  part(): void {
    const before = this.runs;
    for (const one of this.#alive) {
      let parted = one.recorded.parted.get(one.origin.profile);
      // One that has left with others may have left these, too.
      for (; parted !== undefined; parted = parted.parted.get(one.origin.profile)) {
        one.recorded = parted;
      }
    }
    // A version that is dropped later is not to be held here.
    for (const { recorded } of [...before, ...this.runs]) {
      recorded.parted.clear();
    }
  }

  /** the best of those that were dropped */
  get runnerUp(): ModelSummary["glibcRunnerUp"] {
    return this.#runnerUp;
  }

  /** To be called when all have replayed the same events. */
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
      this.#settled ??= this.#now();
      if (!this.#counts) {
        return;
      }
    }
    const margin = most === compared ? 0 : Math.max(BEHIND_CALLS, (compared - most) * LUCK_RATIO);
    const dropped = this.#alive.filter((one) => this.#equal(one) < most - margin);
    for (const { origin, recorded } of dropped) {
      const ratio = recorded.equal / this.#allCompared;
      if (ratio >= (this.#runnerUp?.ratio ?? 0)) {
        this.#runnerUp = { glibc: origin.profile.name, ratio };
      }
    }
    this.#alive = this.#alive.filter((one) => !dropped.includes(one));
    // A log that no version can follow shows none either: the few best are enough to say so.
    if (most < compared / 2) {
      this.#keepBest(MAX_INFERRING);
    }
  }

  #now(): Standing {
    const equal = new Map(this.#alive.map((one) => [one, one.recorded.equal]));
    return { compared: this.#allCompared, equal };
  }

  #keepBest(count: number): void {
    const byEqual = [...this.#alive].sort((a, b) => this.#equal(b) - this.#equal(a));
    const kept = new Set(byEqual.slice(0, count));
    this.#alive = this.#alive.filter((candidate) => kept.has(candidate));
  }
}
