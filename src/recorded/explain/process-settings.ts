import type { Insertion } from "../../replay/insertions.ts";
import type { RecordedProcess } from "../../replay/recorded-process.ts";
import { copyWork, type Work } from "../../replay/work.ts";
import type { InSteps } from "../../trace/in-steps.ts";
import type { GuidedReplay } from "../guided-replay.ts";
import { type Part, replayUntilMismatch } from "./first-mismatch.ts";

/** Batches kept: a setting that shows later is not found. */
const KEPT_BATCHES = 8;
/** Events that a setting must match beyond the mismatch that it explains. */
const MUST_HOLD_EVENTS = 200;
/**
 * Pointers that a setting must turn from mismatched to matched in a replay without anchoring: an anomaly of the log
 * passes sooner. (With anchoring, tcache_count=0 costs a version without tcache rules one pointer per arena.)
 */
const MUST_GAIN = 8;
/** Settings found one after another. */
const MAX_SETTINGS = 3;
/** Events replayed for one search: about 3 s. */
const MAX_EVENTS = 12_000_000;

/** UINT16_MAX, the largest tcache_count */
const MAX_COUNT = 65535;
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const LIKELY_COUNTS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 16, 20, 32, 64, 100, 128, 256, 1000, 1024, 2000];
const OTHER_COUNTS = [
  9, 11, 12, 13, 14, 15, 17, 18, 19, 21, 22, 24, 25, 28, 30, 40, 48, 50, 80, 127, 200, 255, 500,
  512,
];

/**
 * Settings that matter from the first calls on, so that no later state can be adjusted to them; the likeliest values
 * first. top_pad and trim_threshold move the break, which no pointer shows; but an arena that must grow consolidates its
 * fastbins first.
 */
const HYPOTHESES: readonly (readonly [name: string, values: readonly number[]])[] = [
  ["glibc.malloc.tcache_count", [...LIKELY_COUNTS, MAX_COUNT, ...OTHER_COUNTS]],
  ["MALLOC_ARENA_MAX", [1, 2, 3, 4, 8]],
  ["MALLOC_TRIM_THRESHOLD_", [128 * KIB, 0, 4 * KIB, 64 * KIB, ...doublings(256 * KIB, GIB)]],
  ["MALLOC_TOP_PAD_", [0, 4 * KIB, 64 * KIB, ...doublings(256 * KIB, 256 * MIB)]],
  // On x86_64 1 has an effect, on aarch64 since 2.43 0 has (§10.6).
  ["glibc.malloc.hugetlb", [0, 1]],
  // One value per largest fastbin chunk: 16 (none), 32, 48 … 160 bytes.
  ["glibc.malloc.mxfast", [0, ...Array.from({ length: 9 }, (_, i) => 24 + 16 * i)]],
];

/** Settings whose effect a threshold that changed during the run may have, too. */
const LIKE_A_THRESHOLD: readonly string[] = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"];

/** Returns `from`, 2 × `from`, 4 × `from` … up to `to`. */
function doublings(from: number, to: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value *= 2) {
    values.push(value);
  }
  return values;
}

interface Trial {
  readonly origin: RecordedProcess;
  /** number of events before the first mismatch */
  readonly matchedUntil: number;
  /** by then a mapping of unknown size was freed, which may have raised the thresholds */
  readonly isThresholdOpen: boolean;
}

/**
 * Finds settings of the recorded process that matter from its start (ptmalloc2.md §12.9). The log's beginning is kept.
 * Where every version mismatches under the assumed settings, the beginning is replayed under each setting that a process
 * may have had. A setting is accepted only if it matches long after all others have failed: a log that mismatches
 * for other reasons fits none.
 */
export class ProcessSettings {
  readonly #kept: Part[] = [];
  readonly #origins: readonly RecordedProcess[];
  readonly #start: (origin: RecordedProcess) => GuidedReplay | null;
  #isOpen = true;
  #replayed = 0;

  /**
   * `origins` are the processes that may have written the log, likeliest first. `start` returns a fresh replay of one;
   * null if its glibc refuses the setting.
   */
  constructor(
    origins: readonly RecordedProcess[],
    start: (origin: RecordedProcess) => GuidedReplay | null,
  ) {
    this.#origins = origins;
    this.#start = start;
  }

  /** The log's beginning, while settings may still be found. */
  get kept(): readonly Part[] {
    return this.#kept;
  }

  keep(work: Work, first: number, logged: readonly Insertion[]): void {
    if (!this.#isOpen) {
      return;
    }
    if (this.#kept.length < KEPT_BATCHES) {
      this.#kept.push({ work: copyWork(work), first, logged });
    } else {
      this.close();
    }
  }

  /** Ends the search and releases the log's beginning. */
  close(): void {
    this.#isOpen = false;
    this.#kept.length = 0;
  }

  /**
   * Returns the processes, with settings, that explain what the assumed ones do not, likeliest first; none if nothing
   * does, or not yet. `mismatches` counts those of the best assumed process.
   */
  *explain(mismatches: number): InSteps<RecordedProcess[]> {
    if (!this.#isOpen || mismatches === 0) {
      return [];
    }
    this.#replayed = 0;
    const assumed = yield* this.#longestMatched(this.#origins);
    if (this.#events - matchedUntil(assumed) <= MUST_HOLD_EVENTS) {
      return [];
    }
    const isThresholdOpen = assumed.some((one) => one.isThresholdOpen);
    const variantsOf = (origin: RecordedProcess) => variants(origin, isThresholdOpen);
    let best = assumed;
    for (let settings = 1; settings <= MAX_SETTINGS; settings++) {
      const origins = settings === 1 ? this.#origins : distinct(best);
      const trials = yield* this.#longestMatched(origins.flatMap(variantsOf));
      // Each of two settings may explain little without the other.
      if (matchedUntil(trials) <= matchedUntil(best)) {
        break;
      }
      best = trials;
    }
    if (this.#isBetter(best, assumed)) {
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
    const until = matchedUntil(trials);
    if (until < matchedUntil(than) + MUST_HOLD_EVENTS) {
      return false;
    }
    const assumed = this.#start(than[0]!.origin);
    if (assumed === null) {
      return false;
    }
    this.#replay(assumed, until, MUST_GAIN);
    return assumed.judge.mismatches >= MUST_GAIN;
  }

  /** Returns those of `origins` whose first mismatch comes last. */
  *#longestMatched(origins: readonly RecordedProcess[]): InSteps<Trial[]> {
    let longest: Trial[] = [];
    for (const origin of origins) {
      if (this.#replayed > MAX_EVENTS) {
        break;
      }
      const replay = this.#start(origin);
      if (replay === null) {
        continue;
      }
      const until = this.#replay(replay, this.#events, 1);
      const isThresholdOpen = replay.judge.mappings.leavesThresholdOpen(replay.model);
      const trial = { origin, matchedUntil: until, isThresholdOpen };
      if (trial.matchedUntil > matchedUntil(longest)) {
        longest = [];
      }
      if (trial.matchedUntil >= matchedUntil(longest)) {
        longest.push(trial);
      }
      yield;
    }
    return longest;
  }

  #replay(replay: GuidedReplay, end: number, most: number): number {
    const { events, cost } = replayUntilMismatch(replay, this.#kept, end, most);
    this.#replayed += cost;
    return events;
  }
}

function matchedUntil([first]: readonly Trial[]): number {
  return first?.matchedUntil ?? -1;
}

/** Returns the process with one more setting, for each setting to try. */
function variants(origin: RecordedProcess, isThresholdOpen: boolean): RecordedProcess[] {
  const tried = HYPOTHESES.filter(
    ([name]) => !(name in origin.settings) && !(isThresholdOpen && LIKE_A_THRESHOLD.includes(name)),
  );
  return tried.flatMap(([name, values]) =>
    values.map((value) => ({
      ...origin,
      settings: { ...origin.settings, [name]: String(value) },
      shown: [...origin.shown, { name, value, above: value - 1, upTo: value, others: [] }],
    })),
  );
}

/**
 * Returns one process per version and page size: where several values of a setting match equally long, the first, with
 * the range of all.
 */
function distinct(trials: readonly Trial[]): RecordedProcess[] {
  const byKind = new Map<string, RecordedProcess>();
  for (const { origin } of trials) {
    const kind = `${origin.glibc} ${origin.pageBytes}`;
    const known = byKind.get(kind);
    byKind.set(kind, known === undefined ? origin : widened(known, origin));
  }
  return [...byKind.values()];
}

/** Returns `known` with the range of its last setting widened to include `other`, or with another possible setting. */
function widened(known: RecordedProcess, other: RecordedProcess): RecordedProcess {
  const last = known.shown.at(-1);
  const also = other.shown.at(-1);
  if (last === undefined || also === undefined) {
    return known;
  }
  const above = Math.min(last.above, also.above);
  const upTo = Math.max(last.upTo, also.value === MAX_COUNT ? Number.POSITIVE_INFINITY : also.upTo);
  const others = [...new Set([...last.others, also.name])];
  const wider = last.name === also.name ? { ...last, above, upTo } : { ...last, others };
  return { ...known, shown: [...known.shown.slice(0, -1), wider] };
}
