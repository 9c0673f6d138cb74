import type { ScenarioRun } from "../../replay/scenario-run.ts";
import { copyWork, type Insertion, type Work } from "../../replay/work.ts";
import type { RecordedProcess } from "../models.ts";
import { type Part, replayUntilWrong } from "./first-mismatch.ts";

/** Batches kept: what shows later is not found. */
const KEPT_BATCHES = 8;
/** Events that must come right where the process as it was believed to be goes wrong. */
const MUST_HOLD_EVENTS = 200;
/**
 * Pointers that must come right which were wrong where nothing is moved to fit the log: an oddity of the log mends
 * itself sooner. (With it moved, tcache_count=0 costs the rules without a tcache one pointer an arena.)
 */
const MUST_GAIN = 8;
/** Settings found one after another. */
const MAX_SETTINGS = 3;
/** Events replayed for one search, some 3 s. */
const MOST_EVENTS = 12_000_000;

/** UINT16_MAX, the largest tcache_count */
const MOST_COUNT = 65535;
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const LIKELY_COUNTS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 16, 20, 32, 64, 100, 128, 256, 1000, 1024, 2000];
const OTHER_COUNTS = [
  9, 11, 12, 13, 14, 15, 17, 18, 19, 21, 22, 24, 25, 28, 30, 40, 48, 50, 80, 127, 200, 255, 500,
  512,
];

/**
 * Settings that decide from the first calls on, so that no later state can be made up for them; the likeliest values
 * first. top_pad and trim_threshold move the break, which shows nowhere itself; but an arena that has to ask for more
 * consolidates its fastbins first.
 */
const HYPOTHESES: readonly (readonly [name: string, values: readonly number[]])[] = [
  ["glibc.malloc.tcache_count", [...LIKELY_COUNTS, MOST_COUNT, ...OTHER_COUNTS]],
  ["MALLOC_ARENA_MAX", [1, 2, 3, 4, 8]],
  ["MALLOC_TRIM_THRESHOLD_", [128 * KIB, 0, 4 * KIB, 64 * KIB, ...doublings(256 * KIB, GIB)]],
  ["MALLOC_TOP_PAD_", [0, 4 * KIB, 64 * KIB, ...doublings(256 * KIB, 256 * MIB)]],
  // One for each largest chunk, of 16 (none), 32, 48 … 160 bytes.
  ["glibc.malloc.mxfast", [0, ...Array.from({ length: 9 }, (_, i) => 24 + 16 * i)]],
];

/** `from`, and what is twice the one before, up to `to`. */
function doublings(from: number, to: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value *= 2) {
    values.push(value);
  }
  return values;
}

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
    if (!this.#isOpen) {
      return;
    }
    if (this.#kept.length < KEPT_BATCHES) {
      this.#kept.push({ work: copyWork(work), first, told });
    } else {
      this.close();
    }
  }

  /** Nothing more is to be found; lets go of what was kept. */
  close(): void {
    this.#isOpen = false;
    this.#kept.length = 0;
  }

  /**
   * The processes that explain what those given to the constructor do not, likeliest first, with the settings found;
   * none if nothing does, or not yet. `wrong` is the number of pointers that the best of those did not foresee.
   */
  explain(wrong: number): RecordedProcess[] {
    if (!this.#isOpen || wrong === 0) {
      return [];
    }
    this.#replayed = 0;
    const believed = this.#longestRight(this.#origins);
    if (this.#events - rightUntil(believed) <= MUST_HOLD_EVENTS) {
      return [];
    }
    let best = believed;
    for (let settings = 1; settings <= MAX_SETTINGS; settings++) {
      const origins = settings === 1 ? this.#origins : distinct(best);
      const trials = this.#longestRight(origins.flatMap(variants));
      // Two settings may each explain little without the other.
      if (rightUntil(trials) <= rightUntil(best)) {
        break;
      }
      best = trials;
    }
    if (this.#isBetter(best, believed)) {
      return distinct(best);
    }
    this.close();
    return [];
  }

  get #events(): number {
    const last = this.#kept.at(-1);
    return last === undefined ? 0 : last.first + last.work.batch.length;
  }

  #isBetter(trials: readonly Trial[], than: readonly Trial[]): boolean {
    const until = rightUntil(trials);
    if (until < rightUntil(than) + MUST_HOLD_EVENTS) {
      return false;
    }
    const believed = this.#start(than[0]!.origin);
    if (believed === null) {
      return false;
    }
    believed.anchored = false;
    this.#replay(believed, until, MUST_GAIN);
    return wrongPointers(believed) >= MUST_GAIN;
  }

  /** Those of `origins` that go wrong last. */
  #longestRight(origins: readonly RecordedProcess[]): Trial[] {
    let longest: Trial[] = [];
    for (const origin of origins) {
      if (this.#replayed > MOST_EVENTS) {
        break;
      }
      const run = this.#start(origin);
      if (run === null) {
        continue;
      }
      // It ends with its first wrong pointer.
      run.anchored = false;
      const trial = { origin, rightUntil: this.#replay(run, this.#events, 1) };
      if (trial.rightUntil > rightUntil(longest)) {
        longest = [];
      }
      if (trial.rightUntil >= rightUntil(longest)) {
        longest.push(trial);
      }
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
  return HYPOTHESES.filter(([name]) => !(name in origin.settings)).flatMap(([name, values]) =>
    values.map((value) => ({
      ...origin,
      settings: { ...origin.settings, [name]: String(value) },
      shown: [...origin.shown, { name, value, above: value - 1, upTo: value, others: [] }],
    })),
  );
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

/** `known`, with the range of its last setting widened to that of `other`, or with another setting beside it. */
function widened(known: RecordedProcess, other: RecordedProcess): RecordedProcess {
  const last = known.shown.at(-1);
  const also = other.shown.at(-1);
  if (last === undefined || also === undefined) {
    return known;
  }
  const above = Math.min(last.above, also.above);
  const upTo = Math.max(
    last.upTo,
    also.value === MOST_COUNT ? Number.POSITIVE_INFINITY : also.upTo,
  );
  const others = [...new Set([...last.others, also.name])];
  const wider = last.name === also.name ? { ...last, above, upTo } : { ...last, others };
  return { ...known, shown: [...known.shown.slice(0, -1), wider] };
}
