import { type Part, replayUntilWrong } from "./first-wrong.ts";
import type { RecordedProcess } from "./models.ts";
import type { ScenarioRun } from "./scenario-run.ts";
import { copyWork, type Insertion, type Work } from "./window.ts";

/** Batches kept: what shows later is not found. */
const KEPT_BATCHES = 4;
/** Events that must come right where the process as it was believed to be goes wrong. */
const MUST_HOLD_EVENTS = 200;
/** Pointers that must come right which were wrong: fewer are an oddity of the log. */
const MUST_GAIN = 8;
/** Settings found one after another. */
const MAX_SETTINGS = 3;
/** Events replayed in all, some 2 s. */
const MOST_EVENTS = 12_000_000;

/** UINT16_MAX, the largest tcache_count */
const MOST_COUNT = 65535;
/** Every count that a bin is likely to be given, and every one so small that logs tell them apart. */
const TCACHE_COUNTS = [
  ...Array.from({ length: 33 }, (_, count) => count),
  ...[40, 48, 50, 64, 100, 127, 128, 200, 255, 256, 500, 512, 1000, 1024, 2000],
  MOST_COUNT,
];
/** One of each that has an effect of its own: chunks of 32, 48 … 176 bytes are the largest in fastbins. */
const MXFASTS = [0, ...Array.from({ length: 10 }, (_, i) => 24 + 16 * i)].map((n) =>
  Math.min(n, 160),
);
const ARENA_MAXES = [1, 2, 3, 4, 8];

/** Settings that decide from the first free on, so that no later state can be made up for them, likeliest first. */
const HYPOTHESES: readonly (readonly [name: string, value: number])[] = [
  ["glibc.malloc.tcache_count", 0],
  ...ARENA_MAXES.map((count) => ["MALLOC_ARENA_MAX", count] as const),
  ["glibc.malloc.mxfast", 0],
  ...TCACHE_COUNTS.slice(1).map((count) => ["glibc.malloc.tcache_count", count] as const),
  ...MXFASTS.slice(1).map((bytes) => ["glibc.malloc.mxfast", bytes] as const),
];

interface Trial {
  readonly origin: RecordedProcess;
  /** number of events before the first that went wrong */
  readonly rightUntil: number;
}

/**
 * Finds settings of the recorded process that matter from the start (ptmalloc2.md §12.9): the log's beginning is kept,
 * and where every version goes wrong under the settings believed in, it is replayed with each setting that a process
 * may have had. One is taken for true only if it holds long after all others have failed: a log that errs in other
 * ways fits none.
 */
export class SettingHypotheses {
  readonly #kept: Part[] = [];
  readonly #origins: readonly RecordedProcess[];
  readonly #start: (origin: RecordedProcess) => ScenarioRun | null;
  #isOpen = true;
  #replayed = 0;

  /** `origins` are the processes the log may be of, likeliest first; `start` gives a judged run of one, null if its glibc refuses the setting. */
  constructor(
    origins: readonly RecordedProcess[],
    start: (origin: RecordedProcess) => ScenarioRun | null,
  ) {
    this.#origins = origins;
    this.#start = start;
  }

  /** The log's beginning, while settings may still be found. */
  get kept(): readonly Part[] {
    return this.#kept;
  }

  keep(work: Work, first: number, told: readonly Insertion[]): void {
    if (!this.#isOpen) return;
    if (this.#kept.length < KEPT_BATCHES) this.#kept.push({ work: copyWork(work), first, told });
    else this.close();
  }

  /** Nothing more is to be found; lets go of what was kept. */
  close(): void {
    this.#isOpen = false;
    this.#kept.length = 0;
  }

  /**
   * The processes that explain what those given to the constructor do not, likeliest first, with the settings found;
   * none if nothing does, or not yet. `wrong` is the number of pointers missed by the best of those.
   */
  explain(wrong: number): RecordedProcess[] {
    if (!this.#isOpen || wrong < MUST_GAIN) return [];
    let best = this.#longestRight(this.#origins);
    if (this.#events - rightUntil(best) <= MUST_HOLD_EVENTS) return [];
    let found: readonly Trial[] = [];
    let origins = this.#origins;
    for (let round = 0; round < MAX_SETTINGS; round++) {
      const trials = this.#longestRight(origins.flatMap(variants));
      if (!this.#isBetter(trials, best)) break;
      found = best = trials;
      origins = distinct(trials);
    }
    return distinct(found);
  }

  get #events(): number {
    const last = this.#kept.at(-1);
    return last === undefined ? 0 : last.first + last.work.batch.length;
  }

  #isBetter(trials: readonly Trial[], than: readonly Trial[]): boolean {
    const until = rightUntil(trials);
    if (until < rightUntil(than) + MUST_HOLD_EVENTS) return false;
    const believed = this.#start(than[0]!.origin);
    if (believed === null) return false;
    this.#replay(believed, until, Number.POSITIVE_INFINITY);
    return wrongPointers(believed) >= MUST_GAIN;
  }

  /** Those of `origins` that go wrong last. */
  #longestRight(origins: readonly RecordedProcess[]): Trial[] {
    let longest: Trial[] = [];
    for (const origin of origins) {
      if (this.#replayed > MOST_EVENTS) break;
      const run = this.#start(origin);
      if (run === null) continue;
      const trial = { origin, rightUntil: this.#replay(run, this.#events, 1) };
      if (trial.rightUntil > rightUntil(longest)) longest = [];
      if (trial.rightUntil >= rightUntil(longest)) longest.push(trial);
    }
    return longest;
  }

  #replay(run: ScenarioRun, end: number, most: number): number {
    const { events, cost } = replayUntilWrong(run, this.#kept, end, most);
    this.#replayed += cost;
    return events;
  }
}

function wrongPointers({ judge }: ScenarioRun): number {
  return judge === null ? 0 : judge.compared - judge.equal;
}

function rightUntil([first]: readonly Trial[]): number {
  return first?.rightUntil ?? -1;
}

/** The process as it would be with one more setting. */
function variants(origin: RecordedProcess): RecordedProcess[] {
  return HYPOTHESES.filter(([name]) => !(name in origin.settings)).map(([name, value]) => ({
    ...origin,
    settings: { ...origin.settings, [name]: String(value) },
    shown: [...origin.shown, { name, value, above: value - 1, upTo: value }],
  }));
}

/** One process a version: where several values of a setting do as well, the first, with the range of all. */
function distinct(trials: readonly Trial[]): RecordedProcess[] {
  const byGlibc = new Map<string, RecordedProcess>();
  for (const { origin } of trials) {
    const known = byGlibc.get(origin.glibc);
    byGlibc.set(origin.glibc, known === undefined ? origin : widened(known, origin));
  }
  return [...byGlibc.values()];
}

/** `known`, with the range of its last setting widened to the value that `other` has for the same. */
function widened(known: RecordedProcess, other: RecordedProcess): RecordedProcess {
  const last = known.shown.at(-1);
  const also = other.shown.at(-1);
  if (last === undefined || last.name !== also?.name) return known;
  const above = Math.min(last.above, also.above);
  const upTo = Math.max(
    last.upTo,
    also.value === MOST_COUNT ? Number.POSITIVE_INFINITY : also.upTo,
  );
  return { ...known, shown: [...known.shown.slice(0, -1), { ...last, above, upTo }] };
}
