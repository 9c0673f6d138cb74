import type { ModelSummary } from "../report/report.ts";
import { type Part, replayUntilWrong } from "./first-wrong.ts";
import type { RecordedProcess } from "./models.ts";
import type { ShownSetting } from "./pointer-witness.ts";
import type { RecordedRun } from "./recorded-run.ts";

/** One glibc that the log may be of: a run as recorded under its rules, and how it agrees with the pointers. */
export interface Candidate {
  readonly origin: RecordedProcess;
  readonly recorded: RecordedRun;
}

/** Settings that the log's pointers showed, from its beginning on or later. */
export function shownSettings({ origin, recorded }: Candidate): readonly ShownSetting[] {
  return [...origin.shown, ...(recorded.run.witness?.settings ?? [])];
}

/** The recorded process's settings, as told and as shown, by name. */
export function settingsOf(candidate: Candidate): Record<string, string> {
  const settings = { ...candidate.origin.settings };
  for (const { name, value } of shownSettings(candidate)) settings[name] = String(value);
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
 * A log that began late shows rules only when most of what it does not tell of has been used up: until so many calls
 * are compared, no version is dropped that reproduces nearly as many pointers as any other, if that is few.
 */
const SETTLED_CALLS = 32768;
const FEW_RATIO = 0.95;

/** In a log that began late any version may be right for some events. */
const LUCKY_EVENTS = 16;

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

  constructor(candidates: readonly Candidate[]) {
    this.#alive = [...candidates];
  }

  get alive(): readonly Candidate[] {
    return this.#alive;
  }

  /** of those that agree as well as any, the most common one */
  get best(): Candidate {
    return this.indistinguishable[0] ?? this.#alive[0]!;
  }

  /** those that reproduced as many pointers as any other, as far as luck can be told from rules */
  get indistinguishable(): readonly Candidate[] {
    const most = this.#most;
    const luck = (this.#compared - most) * LUCK_RATIO;
    return this.#alive.filter(({ recorded }) => recorded.equal >= most - luck);
  }

  get #most(): number {
    return Math.max(...this.#alive.map(({ recorded }) => recorded.equal));
  }

  get #compared(): number {
    return this.#alive[0]!.recorded.judge.compared;
  }

  /**
   * Puts those first that stay right longest in the log's first batch, which is still to be replayed: explanations are
   * sought for a few only, and the log's first pointers rule most versions out.
   */
  rank(part: Part): void {
    if (this.#alive.length === 1) return;
    const end = part.first + part.work.batch.length;
    const right = new Map(
      this.#alive.map((one) => {
        const run = one.recorded.run.clone();
        run.anchored = false;
        const { events } = replayUntilWrong(run, [part], end, 1);
        return [one, events < LUCKY_EVENTS ? 0 : events] as const;
      }),
    );
    this.#alive.sort((a, b) => right.get(b)! - right.get(a)!);
  }

  /** Explains wrong pointers of the likeliest candidates; for all it would cost too much. */
  infer(tellsExits: boolean): void {
    for (const { recorded } of this.#alive.slice(0, MAX_INFERRING)) recorded.infer(tellsExits);
  }

  /** the best of those that were dropped */
  get runnerUp(): ModelSummary["glibcRunnerUp"] {
    return this.#runnerUp;
  }

  /** To be called when all have replayed the same events. */
  narrow(): void {
    if (this.#alive.length === 1) return;
    const most = this.#most;
    const compared = this.#compared;
    if (compared < SETTLED_CALLS && most < compared * FEW_RATIO) return;
    const margin = most === compared ? 0 : Math.max(BEHIND_CALLS, (compared - most) * LUCK_RATIO);
    for (const { origin, recorded } of this.#alive) {
      if (recorded.equal >= most - margin) continue;
      const ratio = recorded.equal / compared;
      if (ratio >= (this.#runnerUp?.ratio ?? 0))
        this.#runnerUp = { glibc: origin.profile.name, ratio };
    }
    this.#alive = this.#alive.filter(({ recorded }) => recorded.equal >= most - margin);
    // A log that no version can follow shows none either: the few best are enough to say so.
    if (most < compared / 2) this.#keepBest(MAX_INFERRING);
  }

  #keepBest(count: number): void {
    const byEqual = [...this.#alive].sort((a, b) => b.recorded.equal - a.recorded.equal);
    const kept = new Set(byEqual.slice(0, count));
    this.#alive = this.#alive.filter((candidate) => kept.has(candidate));
  }
}
