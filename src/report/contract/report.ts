/**
 * The report: one plain value, which every writer formats and `--json` prints unchanged. Its keys are a published
 * contract: fields are only added. Sizes are bytes, times are seconds since the first event of the log, ratios 0..1.
 */

import type { CallerSummary, SiteColumns, SizeSummary } from "./allocations.ts";
import type { Cure } from "./cure.ts";
import type { DumpsSummary, JvmSummary, ThreadInDumps } from "./dumps.ts";
import type { BudgetResult } from "./judged-budget.ts";
import type { Proof } from "./measured-run.ts";
import type { ObservedMoment } from "./observed.ts";
import type { Pin } from "./pin.ts";
import type { ProcessSummary } from "./process-summary.ts";
import type { Causes, Scenario, UnavailableScenario } from "./scenario.ts";
import type { ThresholdRaise } from "./threshold-raise.ts";
import type { TimelineMark } from "./timeline-mark.ts";
import type { TouchFit } from "./touch-fit.ts";
import type { TraceSummary } from "./trace-summary.ts";

export type { AllocationFigures, CallerSummary, SiteColumns, SizeSummary } from "./allocations.ts";
export type { Cure, CureFigures, CurePrice, CureTyped, MeasuredCure } from "./cure.ts";
export type {
  DumpSummary,
  DumpsSummary,
  FrameInDumps,
  JvmSummary,
  ThreadInDumps,
} from "./dumps.ts";
export type { BudgetNoise, BudgetResult } from "./judged-budget.ts";
export type {
  Compared,
  ObservedCount,
  ObservedJvmSummary,
  ObservedMalloc,
  ObservedMoment,
  ObservedResident,
  ObservedRest,
} from "./observed.ts";
export type { Pin, PinGroup, PinningBlock } from "./pin.ts";
export type { ProcessFigures, ProcessSummary } from "./process-summary.ts";
export type {
  ArenaSummary,
  BinSummary,
  Causes,
  FreeBytes,
  HeapMap,
  Mallinfo2,
  RssFigures,
  Scenario,
  SystemCalls,
  UnavailableScenario,
} from "./scenario.ts";
export type { ThresholdRaise } from "./threshold-raise.ts";
export type { TouchFit } from "./touch-fit.ts";
export type {
  AllocatorSummary,
  Anomalies,
  ForeignSummary,
  LayoutSummary,
  ThreadBuffersSummary,
  TraceSummary,
  UnreadCalls,
} from "./trace-summary.ts";

export const REPORT_SCHEMA = "mallog.report/1";

/** The name of scenarios[0]. */
export const AS_RECORDED = "as recorded";

export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly tool: { readonly name: "mallog"; readonly version: string };
  /** false if reading was interrupted, and in interim reports: the figures cover the part that was read */
  readonly complete: boolean;
  /** only in an interim report (--every): the log was still being read */
  readonly interim?: true;
  readonly trace: TraceSummary;
  /** every thread of the log, in the order of `--sort` */
  readonly threads: readonly ThreadSummary[];
  /** who allocates, by call site, in the order of `--sort`; a merged row comes last */
  readonly callers: readonly CallerSummary[];
  /** the same by requested size */
  readonly sizes: readonly SizeSummary[];
  /** the same by thread, call site and size at once, for flame graphs */
  readonly sites: SiteColumns;
  readonly live: LiveSummary;
  /** null under --no-model */
  readonly model: ModelSummary | null;
  /** scenarios[0] is the recorded run; empty under --no-model */
  readonly scenarios: readonly Scenario[];
  /** why the memory of each scenario is resident, by name; absent under --no-model */
  readonly causes?: Readonly<Record<string, CausesOfScenario>>;
  /** what keeps free memory resident at the end of the recorded run, those that hold most first; absent under --no-model */
  readonly pins?: readonly Pin[];
  /** how frees raised the dynamic thresholds of the recorded run; null: they did not; absent under --no-model */
  readonly thresholdRaise?: ThresholdRaise | null;
  /**
   * the what-ifs that lower RSS at the peak or at the end by 5 % and 1 MiB or more without failing calls: first those that lower
   * the peak, by how much they do, then those that lower the end only; of those within 2 % of the best the simplest first. Empty
   * if none does, or if `grade` is unreliable; absent under --no-model
   */
  readonly cures?: readonly Cure[];
  /** with --verify: what the real allocator needed for the same calls; absent without, and if `grade` is unreliable */
  readonly proof?: Proof;
  /** null if the log has no measured RSS */
  readonly measured: Measured | null;
  /** what was measured of the process (--observed), by moment as given; absent if nothing was */
  readonly observed?: readonly ObservedMoment[];
  readonly timeline: Timeline;
  /** how far the log supports the model's figures; null under --no-model, or if no event was read */
  readonly grade: Grade | null;
  readonly findings: readonly Finding[];
  /** the processes of a log that has several, largest volume first; the other fields are those of the reported one */
  readonly processes?: readonly ProcessSummary[];
  readonly budgets: readonly BudgetResult[];
  /** only with --container-limit or --base-rss, or if the log states a container's limit */
  readonly container?: Container;
  /** what the log states about how it was recorded, as logs of mallog's hook do; absent if it states nothing */
  readonly recording?: RecordingSummary;
  /** the thread dumps and listings of --jstack; absent if none were given */
  readonly threadDumps?: DumpsSummary;
  /** the process is a HotSpot JVM; absent if nothing shows that */
  readonly jvm?: JvmSummary;
  /** what-ifs that the recorded run's glibc cannot run, in the order asked for; absent if there are none */
  readonly unavailable?: readonly UnavailableScenario[];
}

/** Each is null where the log does not state it. */
export interface RecordingSummary {
  readonly pid: number | null;
  readonly command: string | null;
  /** the memory limit of its container (cgroup), in bytes */
  readonly limitBytes: number | null;
  /** largest measured RSS of the process outside malloc's memory, in bytes */
  readonly otherRssBytes: number | null;
  /** the whole of its environment variable GLIBC_TUNABLES; absent if the log does not state it */
  readonly tunables?: string;
  /** calls that the hook could not write, for example because the disk was full */
  readonly lostCalls: number;
  /** the process began as a copy of its parent, which had recorded calls in a log of its own */
  readonly forked?: true;
}

export interface CausesOfScenario {
  /** at the log's end; adds up to the scenario's `rss.endBytes` */
  readonly end: Causes;
  /** at the peak; adds up to `rss.peakBytes`; null if unknown, as where RSS was first measured after the peak */
  readonly peak: Causes | null;
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
  /** of the thread dumps, else of the log, else of a listing */
  readonly name: string | null;
  /** the innermost frame seen most in thread dumps, see `dumps.frames` */
  readonly topFrame: string | null;
  readonly calls: CallCounts;
  /** lines with this tid: calls, and malloc_trim, mallopt, thread_exit and marks */
  readonly lines: number;
  readonly failedCalls: number;
  /** bytes requested by malloc, calloc, memalign and realloc (its new size) */
  readonly volumeBytes: number;
  /** requested bytes that this thread allocated and no thread freed */
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly peakLiveBytes: number;
  /** bytes that this thread allocated and another thread freed */
  readonly freedByOthersBytes: number;
  /** bytes that another thread allocated and this thread freed */
  readonly freedForOthersBytes: number;
  /** times a call of this thread returned the address of a block that is live in another thread */
  readonly takenFromOthers: number;
  /** free resident bytes below this thread's topmost live blocks, at the end of the recorded run */
  readonly pinnedBytes: number;
  /** ids of the model's arenas that this thread used in the recorded run; 0 is the main arena */
  readonly arenas: readonly number[];
  /** least and greatest time of its lines, in seconds since `trace.firstTime`; null if the log has no times */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
  /**
   * bytes: maximum of the thread's live bytes over each `timeline.eventsPerThreadPoint` events, including those live when
   * they begin; at most 32 points, the last of which may cover fewer events
   */
  readonly liveTimeline: readonly number[];
  /** what thread dumps show of it; absent or null if none has it */
  readonly dumps?: ThreadInDumps | null;
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
  /** versions that the log cannot distinguish from `glibc`, which is included */
  readonly glibcRange: readonly string[];
  /** of the versions that the log rules out, the one that matched longest, and the share of pointers it reproduced */
  readonly glibcRunnerUp: { readonly glibc: string; readonly ratio: number } | null;
  readonly cpus: number;
  readonly cpusSource: Provenance;
  /** settings of the recorded run that differ from glibc's defaults, as environment variables or tunables */
  readonly settings: Readonly<Record<string, string>>;
  /** the source of each of `settings` */
  readonly settingsSource: Readonly<Record<string, Provenance>>;
  /** detected settings of which the pointers show only a range: from, to inclusive (null: no upper bound) */
  readonly settingsRange: Readonly<Record<string, SettingRange>>;
  /** for a detected setting, other settings that would explain the same pointers */
  readonly settingsOrElse: Readonly<Record<string, readonly string[]>>;
  /** "facts", "all", "none", the ratio given, or "fitted" */
  readonly touch: string;
  /** how `touch` was fitted to measured RSS; null if it was given, or nothing was measured */
  readonly fit: TouchFit | null;
  /**
   * the lower end of the ranges of RSS: the program wrote this part, 0..1, of each block of 4 KiB or more; absent if `touch`
   * was given or fitted
   */
  readonly lowestRatio?: number;
  /** what the log says of the program's writes, so that `touch` applies to other blocks only; null if it says nothing */
  readonly holes: HolesSummary | null;
  readonly thp: string;
  /** bytes of a page of the kernel */
  readonly pageBytes: number;
  /** the unit in which malloc moves the program break, for transparent huge pages; 0: a page */
  readonly thpUnitBytes: number;
  readonly fidelity: Fidelity;
  /** events that the log lacks and its pointers show; pointers explained by them do not count as equal */
  readonly inferred: {
    readonly threadExits: number;
    /** of these, exits that only the thread's last calls show (trace/order/last-calls.ts): no later pointer does */
    readonly lastExits: number;
    /** calls moved before calls logged earlier, and exits moved behind; besides what lines alone show (anomalies.swapped) */
    readonly swaps: number;
    /** bytes in use at the end of the recorded run that were allocated outside the log; resident in every scenario */
    readonly unloggedBytes: number;
    /** sizes printed with %u, which cut multiples of 4 GiB; corrected in all figures */
    readonly cutSizes: number;
    /** moves of the program break by code other than malloc, and their bytes: in system bytes, but not in RSS */
    readonly foreignSbrks: number;
    readonly foreignSbrkBytes: number;
    /** pointers that match only because a setting was inferred from them */
    readonly settingPointers: number;
    /** pointers that match only because their thread was given the arena that they show: thread exits raced */
    readonly arenaChoices: number;
  };
  /**
   * RSS of the same calls under the recorded settings, replayed without the log's pointers, as what-ifs are. Present if
   * the recorded run needed the pointers: then RSS, system bytes and bytes in use of a what-if are those of the recorded
   * run plus the difference between the what-if's replay and this one.
   */
  readonly baseline?: { readonly rssEndBytes: number; readonly rssPeakBytes: number };
  /** bytes of live blocks ≥ 1 MiB that are assumed written, at the end of the recorded run */
  readonly assumedWritten: {
    readonly blocks: number;
    readonly bytes: number;
    /** the same for blocks above 32 KiB and below 1 MiB */
    readonly mediumBlocks: number;
    readonly mediumBytes: number;
  };
}

export interface SettingRange {
  readonly from: number;
  readonly to: number | null;
}

export interface HolesSummary {
  /** smallest request whose writes the log covers; null if it covers only the blocks it names */
  readonly minBytes: number | null;
  /** `# hole` lines of live blocks */
  readonly lines: number;
}

export interface Fidelity {
  /** calls of the recorded run that returned a pointer */
  readonly compared: number;
  /** of these, calls that the model served at the same address */
  readonly equal: number;
  /** equal / compared; 1 if nothing could be compared */
  readonly ratio: number;
  readonly firstDivergence: Divergence | null;
}

export interface Divergence {
  /** number of the event, from 1 */
  readonly event: number;
  readonly line: number;
  /** place of the block in the log and in the model, e.g. "main heap + 0x2a0" */
  readonly expected: string;
  readonly modelled: string;
}

export interface Measured {
  readonly rssSamples: readonly {
    readonly time: number | null;
    /** events of the log before the sample */
    readonly events: number;
    readonly bytes: number;
    /** the model's RSS of the recorded run at the same place of the log */
    readonly modelledBytes: number;
  }[];
  /** signed error of the modelled RSS against the samples, (modelled − measured) / measured */
  readonly error: { readonly median: number; readonly max: number };
}

export interface Timeline {
  /** at most 1000 points; each series has the maximum over the events of a point, so that peaks stay */
  readonly time: readonly (number | null)[];
  /** events per point; the last point may cover fewer */
  readonly eventsPerPoint: number;
  readonly liveBytes: readonly number[];
  /** bytes in use (see Scenario) in the recorded run; empty under --no-model */
  readonly inUseBytes: readonly number[];
  readonly perScenario: Readonly<Record<string, readonly number[]>>;
  /** events per point of `threads[].liveTimeline` */
  readonly eventsPerThreadPoint: number;
  /**
   * events of the log up to each value of `callers[].liveTimeline` and of `sizes[].liveTimeline`; at most 32, the last of
   * which is the log's end
   */
  readonly siteEvents: readonly number[];
  /** events per point of `arenas[].rssTimeline` */
  readonly eventsPerArenaPoint: number;
  /** why memory was resident during the recorded run; absent under --no-model */
  readonly causes?: CauseColumns;
  /** the first 256 lines mark(label) of the log, in order; absent if there are none */
  readonly marks?: readonly TimelineMark[];
}

/** One column for each cause: bytes at some moments of the log, at most 16, not at regular distances. */
export interface CauseColumns extends Readonly<Record<keyof Causes, readonly number[]>> {
  /** events of the log before the moment */
  readonly events: readonly number[];
  readonly time: readonly (number | null)[];
}

export interface Finding {
  readonly kind: string;
  readonly severity: "info" | "warning" | "critical";
  readonly message: string;
  readonly bytes: number;
  readonly evidence: Readonly<Record<string, number | string | boolean>>;
}

/** How far the log supports the model's figures. */
export interface Grade {
  /**
   * reproduced: the model gives at least 99 % of the pointers. approximate: at least 95 %. unreliable: fewer, or most of
   * the memory is from outside the log; the figures of glibc's memory then say nothing about the process.
   */
  readonly level: "reproduced" | "approximate" | "unreliable";
  /** what the log shows of why the level is not the best, likeliest first; empty if it is, or nothing shows it */
  readonly reasons: readonly GradeReason[];
}

export interface GradeReason {
  readonly kind: string;
  readonly message: string;
  readonly evidence: Readonly<Record<string, number | string | boolean>>;
}

/** The process as its cgroup counts it: the heaps, and the memory outside malloc (--base-rss). */
export interface Container {
  /** null if only --base-rss was given */
  readonly limitBytes: number | null;
  readonly baseRssBytes: number;
  /** the most that was measured of the process (--observed); absent unless it is more than the recorded run's prediction */
  readonly measuredBytes?: number;
  /** in the order of the report's scenarios */
  readonly scenarios: readonly {
    readonly name: string;
    /** baseRssBytes + rss.peakBytes; of the recorded run, `measuredBytes` where it is there */
    readonly peakBytes: number;
    /** null without a limit */
    readonly fits: boolean | null;
    /**
     * when the limit is first exceeded; null if it is not, if baseRssBytes alone exceeds it, if only what was measured does, or
     * if the log has no times
     */
    readonly killedTime: number | null;
  }[];
}
