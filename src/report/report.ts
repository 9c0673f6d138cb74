/**
 * The report: one plain value that every writer formats and that `--json` prints as it is. The keys are a published
 * contract; fields are only ever added. Sizes are bytes, times are seconds since the log's first event, ratios 0..1.
 */

import type { Scenario } from "./scenario.ts";

export type {
  ArenaSummary,
  FreeBytes,
  HeapMap,
  Mallinfo2,
  RssFigures,
  Scenario,
} from "./scenario.ts";

export const REPORT_SCHEMA = "mallog.report/1";

/** The name of scenarios[0]. */
export const AS_RECORDED = "as recorded";

export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly tool: { readonly name: "mallog"; readonly version: string };
  /** false when reading was interrupted: the figures are those of the part that was read */
  readonly complete: boolean;
  readonly trace: TraceSummary;
  /** every thread of the log, sorted as `--sort` says */
  readonly threads: readonly ThreadSummary[];
  readonly live: LiveSummary;
  /** null under --no-model */
  readonly model: ModelSummary | null;
  /** scenarios[0] is the run as recorded; empty under --no-model */
  readonly scenarios: readonly Scenario[];
  /** null when the log carries no measured RSS */
  readonly measured: Measured | null;
  readonly timeline: Timeline;
  readonly findings: readonly Finding[];
  readonly budgets: readonly BudgetResult[];
  /** absent unless --container-limit or --base-rss was given */
  readonly container?: Container;
}

export interface TraceSummary {
  readonly format: string;
  /** names of the inputs in the order read; "-" is standard input */
  readonly sources: readonly string[];
  readonly events: number;
  readonly threads: number;
  /** seconds on the log's own clock; null when the log carries no times */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
  readonly lines: {
    readonly total: number;
    readonly parsed: number;
    readonly comments: number;
    readonly malformed: number;
    /** of nothing but spaces and tabs; the four add up to the total */
    readonly blank: number;
  };
  /** the malformed lines by reason: fits no rule of the format, or far too long for it */
  readonly malformedKinds: { readonly unparsable: number; readonly overlong: number };
  /** the first malformed lines, as they are: what shows them to people must escape them */
  readonly malformedSamples: readonly { readonly line: number; readonly text: string }[];
  /** 32 when no address of the log is above 2^32: pointers cut by the hook, or of a small process */
  readonly pointerBits: 32 | 64;
  readonly anomalies: Anomalies;
}

/** Things in a log that cannot have happened as written; counted, never fatal. */
export interface Anomalies {
  /** free of a pointer that no call of the log returned */
  readonly freeUnknown: number;
  /** free of a pointer that was freed before and not handed out since */
  readonly doubleFree: number;
  /** a pointer handed out while the log still shows it live: its free is missing or logged later */
  readonly reusedLive: number;
  /** pointers cut to 32 bits by the hook: handed out while another thread's block has the same; both live on */
  readonly collidingPointers: number;
  /** realloc of a pointer that no call of the log returned */
  readonly foreignRealloc: number;
  /** an allocation that returned a pointer for more than PTRDIFF_MAX bytes */
  readonly impossibleSize: number;
  /** times that run backwards from one line to the next; a fall of more than 12 h is midnight, and not counted */
  readonly reordered: number;
  /** lines put before one above them: another thread's call, which their pointers show to have come later */
  readonly swapped: number;
  /** inputs that ended early: a gzip stream cut short, a last line without newline that does not parse */
  readonly truncatedInputs: number;
}

export interface CallCounts {
  readonly malloc: number;
  readonly calloc: number;
  readonly realloc: number;
  /** memalign, aligned_alloc, posix_memalign, valloc, pvalloc */
  readonly memalign: number;
  readonly free: number;
  readonly total: number;
}

export interface ThreadSummary {
  readonly tid: number;
  readonly name: string | null;
  readonly topFrame: string | null;
  readonly calls: CallCounts;
  /** lines of the log that carry the tid: calls, and also malloc_trim, mallopt, thread_exit and marks */
  readonly lines: number;
  readonly failedCalls: number;
  /** bytes requested by malloc, calloc, memalign and by realloc's new size */
  readonly volumeBytes: number;
  /** requested bytes allocated by this thread and not yet freed */
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly peakLiveBytes: number;
  /** bytes this thread allocated that another thread freed */
  readonly freedByOthersBytes: number;
  /** bytes another thread allocated that this thread freed */
  readonly freedForOthersBytes: number;
  /** times the thread was given the place of another thread's block that is live in the log */
  readonly takenFromOthers: number;
  /** free resident bytes held in place, at the end of the run as recorded, by this thread's topmost live blocks */
  readonly pinnedBytes: number;
  /** ids of the model's arenas this thread used in the run as recorded; 0 is the main arena */
  readonly arenas: readonly number[];
  readonly firstTime: number | null;
  readonly lastTime: number | null;
  /**
   * bytes: the most the thread had live in each run of `timeline.eventsPerThreadPoint` events, what it began with
   * included; at most 32 points, the last of which may be short
   */
  readonly liveTimeline: readonly number[];
}

export interface LiveSummary {
  readonly bytes: number;
  readonly blocks: number;
  readonly peakBytes: number;
  readonly peakTime: number | null;
}

export type Provenance = "given" | "log" | "detected" | "default";

export interface ModelSummary {
  readonly glibc: string;
  readonly glibcSource: Provenance;
  /** versions that the log cannot tell from `glibc`, itself included */
  readonly glibcRange: readonly string[];
  /** of the versions the log rules out the one that agreed longest, with the part of the pointers it reproduced */
  readonly glibcRunnerUp: { readonly glibc: string; readonly ratio: number } | null;
  readonly cpus: number;
  readonly cpusSource: Provenance;
  /** settings of the recorded run other than glibc's defaults, as environment variables or tunables */
  readonly settings: Readonly<Record<string, string>>;
  /** where each of `settings` is known from */
  readonly settingsSource: Readonly<Record<string, Provenance>>;
  /** detected settings of which the pointers show a range only: from, to inclusive (null: no limit shows) */
  readonly settingsRange: Readonly<Record<string, SettingRange>>;
  /** for a detected setting, others that would explain the same pointers */
  readonly settingsOrElse: Readonly<Record<string, readonly string[]>>;
  /** "facts", "all", "none", the ratio given, or "fitted" */
  readonly touch: string;
  /** how `touch` was fitted to measured RSS; null if it was not to be, or nothing was measured */
  readonly fit: TouchFit | null;
  /** what the log itself tells of the program's writes: `touch` is for other blocks; null if it tells nothing */
  readonly holes: HolesSummary | null;
  readonly thp: string;
  readonly fidelity: Fidelity;
  /** what the log does not tell and its pointers showed; pointers explained so are not counted as equal */
  readonly inferred: {
    readonly threadExits: number;
    /** of these, exits after the last pointer that could show them: the threads' last calls do (trace/last-calls.ts) */
    readonly lastExits: number;
    /** calls put before others that stand above them, beyond those that the lines themselves show (anomalies.swapped) */
    readonly swaps: number;
    /** bytes in use at the end of the run as recorded that no line tells of; taken as resident in every scenario */
    readonly unloggedBytes: number;
    /** sizes that the hook printed too small, by 4 GiB or several: cut by %u. They are set right in all figures */
    readonly cutSizes: number;
    /** moves of the program break that malloc did not make, and bytes of these: not in RSS, but in system bytes */
    readonly foreignSbrks: number;
    readonly foreignSbrkBytes: number;
    /** pointers that are as logged only since a setting was found out from them */
    readonly settingPointers: number;
    /**
     * pointers that are as logged only since their thread was given the arena that they show, and not the one whose
     * turn it was: exits raced
     */
    readonly arenaChoices: number;
  };
  /** bytes of live blocks ≥ 1 MiB that are merely assumed to have been written, at the end of the run as recorded */
  readonly assumedWritten: {
    readonly blocks: number;
    readonly bytes: number;
    /** the same of blocks above 32 KiB and below 1 MiB */
    readonly mediumBlocks: number;
    readonly mediumBytes: number;
  };
}

export interface TouchFit {
  /**
   * 0..1: the part that the program wrote of every block above 32 KiB, from its start; null if no ratio makes a
   * difference, so that `touch` stayed "facts"
   */
  readonly ratio: number | null;
  /** the size given with the option, or the `# rss` lines of the log */
  readonly source: "--observed-rss" | "rss samples";
  /** what was measured is less than the model has at 0, or more than it has at 1; null: neither */
  readonly outside: "below" | "above" | null;
  /** signed errors that are left, (modelled − measured) / measured: the median, and the one farthest from 0 */
  readonly error: { readonly median: number; readonly max: number };
}

export interface SettingRange {
  readonly from: number;
  readonly to: number | null;
}

export interface HolesSummary {
  /** smallest request whose block the log tells of; null if only of those it names */
  readonly minBytes: number | null;
  /** `# hole` lines of live blocks */
  readonly lines: number;
}

export interface Fidelity {
  /** calls that returned a pointer, in the run as recorded */
  readonly compared: number;
  /** of these, calls that the model served at the same place */
  readonly equal: number;
  /** equal / compared; 1 when nothing could be compared */
  readonly ratio: number;
  readonly firstDivergence: Divergence | null;
}

export interface Divergence {
  /** 1-based number of the event */
  readonly event: number;
  readonly line: number;
  /** where the log says the block is, and where the model put it, e.g. "main heap + 0x2a0" */
  readonly expected: string;
  readonly modelled: string;
}

export interface Measured {
  readonly rssSamples: readonly {
    readonly time: number | null;
    /** events of the log before it */
    readonly events: number;
    readonly bytes: number;
    /** the model's RSS of the run as recorded at the same place of the log */
    readonly modelledBytes: number;
  }[];
  /** signed error of the modelled RSS against the samples, (modelled − measured) / measured */
  readonly error: { readonly median: number; readonly max: number };
}

export interface Timeline {
  /** at most 1000 points; each series holds the maximum over the point's stretch of the log, so that peaks are kept */
  readonly time: readonly (number | null)[];
  /** events of the log that a point stands for; the last one may stand for fewer */
  readonly eventsPerPoint: number;
  readonly liveBytes: readonly number[];
  /** bytes in use (see Scenario) in the run as recorded; empty under --no-model */
  readonly inUseBytes: readonly number[];
  readonly perScenario: Readonly<Record<string, readonly number[]>>;
  /** events that a point of `threads[].liveTimeline` stands for */
  readonly eventsPerThreadPoint: number;
  /** events that a point of `arenas[].rssTimeline` stands for */
  readonly eventsPerArenaPoint: number;
}

export interface Finding {
  readonly kind: string;
  readonly severity: "info" | "warning" | "critical";
  readonly message: string;
  readonly bytes: number;
  readonly evidence: Readonly<Record<string, number | string | boolean>>;
}

export interface BudgetResult {
  /** as one would type it, e.g. "rss@MALLOC_ARENA_MAX=1" */
  readonly key: string;
  /** what `limit`, `actual` and `base` are in; a ratio is 0..1, and a count may be any other number, such as seconds */
  readonly unit: "bytes" | "ratio" | "count";
  readonly operator: "<=" | "<" | ">=" | ">";
  readonly limit: number;
  readonly actual: number;
  /** what the limit's growth is counted from; null where the limit is given as such */
  readonly base: number | null;
  readonly ok: boolean;
  /** as mallog.config.json has them */
  readonly name: string | null;
  readonly message: string | null;
  /**
   * sentences: where `ok` is false, which thread or setting explains it; in any case, if the limit lies in the range of
   * the prediction
   */
  readonly explanation: readonly string[];
  /** where `ok` is false: the command that shows more; null if the log was read from standard input */
  readonly command: string | null;
}

/** The process as its cgroup sees it: the heaps, and what --base-rss says lies outside malloc. */
export interface Container {
  /** null when only --base-rss was given */
  readonly limitBytes: number | null;
  readonly baseRssBytes: number;
  /** in the order of the report's scenarios */
  readonly scenarios: readonly {
    readonly name: string;
    /** baseRssBytes + rss.peakBytes */
    readonly peakBytes: number;
    /** null without a limit */
    readonly fits: boolean | null;
    /** when the limit is first exceeded; null when it is not, or when the log carries no times */
    readonly killedTime: number | null;
  }[];
}
