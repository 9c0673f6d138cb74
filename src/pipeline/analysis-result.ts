import type { ShownSetting } from "../replay/inferred-settings.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type {
  Causes,
  Fidelity,
  ForeignSummary,
  LayoutSummary,
  ModelSummary,
  RssFigures,
  TouchFit,
  TraceSummary,
  UnreadCalls,
} from "../report/contract/report.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";
import type { PinnedBytes } from "../trace/ledger/site-table.ts";
import type { ThreadBuffers } from "../trace/order/thread-buffers.ts";
import type { ProcessOrigin } from "../trace/processes/log-process.ts";
import type { AllocatorSigns } from "../trace/signs/allocator-signs.ts";
import type { CodeMappings } from "../trace/stated/code-mappings.ts";
import type { Marks } from "../trace/stated/marks.ts";
import type { StatedProcess } from "../trace/stated/stated-process.ts";
import type { ScenarioFigures } from "../what-if/scenario-figures.ts";
import type { InspectionResult } from "./inspection/inspect.ts";
import type { MemoryAt } from "./memory-at.ts";
import type { PinResult } from "./pin-result.ts";
import type { RaiseResult } from "./raise-result.ts";

/** What the reading of the log found, besides its events. */
export interface ReadSummary {
  /** false when reading was interrupted, and in an interim report */
  readonly complete: boolean;
  /** the log is still being read */
  readonly isInterim: boolean;
  readonly sources: readonly string[];
  /** the sources were given in another order than that of their times */
  readonly areSorted: boolean;
  /** those of forked processes that were read with their parents' */
  readonly withParents: readonly string[];
  readonly lines: TraceSummary["lines"];
  readonly malformedSamples: TraceSummary["malformedSamples"];
  readonly malformedKinds: TraceSummary["malformedKinds"];
  readonly format: string;
  /** null: native */
  readonly foreign: ForeignSummary | null;
  /** null: as in the native format */
  readonly layout: LayoutSummary | null;
  readonly unreadCalls: readonly Omit<UnreadCalls, "read">[];
  readonly truncatedInputs: number;
  /** callers that lines give as text, in order of appearance: see trace/stated/caller-names.ts */
  readonly callerNames: readonly string[];
  /** labels of marks by the number in their events */
  readonly markLabels: ReadonlyMap<number, string>;
}

/** What an analysis found in a log. */
export interface LogResult {
  /** what the log itself says: threads, blocks, live bytes */
  readonly ledger: Ledger;
  /** names of threads by tid */
  readonly threadNames: ReadonlyMap<number, string>;
  /** the mappings of code that the log states */
  readonly mappings: CodeMappings;
  /** what the log states about its process */
  readonly statedProcess: StatedProcess;
  readonly pointerBits: 32 | 64;
  /** lines that stood too low, as their times show, and were moved up */
  readonly movedLate: number;
  readonly marks: Marks;
  readonly threadBuffers: ThreadBuffers;
  readonly allocatorSigns: AllocatorSigns;
  /** null under --no-model, and for a log without events */
  readonly model: ModelResult | null;
}

/** A log's analysis and its reading: that of the reported process, if the log has several. */
export interface AnalysisResult extends LogResult {
  readonly read: ReadSummary;
  /** the processes of the log, in order of first appearance */
  readonly processes: readonly ProcessResult[];
}

/** One of the processes of a log. */
export interface ProcessResult {
  /** the pid; with `.2` and so on for a process that began later under the same pid */
  readonly name: string;
  readonly pid: number;
  readonly origin: ProcessOrigin;
  readonly events: number;
  readonly volumeBytes: number;
  readonly isReported: boolean;
  /** what its analysis found; null: its calls were only counted */
  readonly result: LogResult | null;
}

/** The figures of one scenario. `spec` is null for the recorded run. */
export interface ScenarioResult {
  readonly spec: ScenarioSpec | null;
  readonly figures: ScenarioFigures;
}

/** A what-if that `glibc` refuses. */
export interface RefusedScenario {
  readonly spec: ScenarioSpec;
  readonly glibc: string;
  /** one line, which names the setting */
  readonly reason: string;
}

/** What the models found. Times are in µs on the log's clock, NaN when unknown. */
export interface ModelResult {
  /** the process that the log fits best */
  readonly origin: RecordedProcess;
  /** thp_pagesize of its malloc, in bytes (ptmalloc2.md §10.6) */
  readonly thpUnitBytes: number;
  /** processes that the log fits equally well */
  readonly indistinguishable: readonly RecordedProcess[];
  readonly runnerUp: ModelSummary["glibcRunnerUp"];
  /** RSS at the end in bytes under each version that the log fits */
  readonly rssByGlibc: ReadonlyMap<string, number>;
  /** given, stated by the log, shown by the arenas, or else those of this machine */
  readonly cpus: number;
  readonly cpusSource: ModelSummary["cpusSource"];
  /** the recorded process's settings by name, given and shown */
  readonly settings: Readonly<Record<string, string>>;
  readonly shownSettings: readonly ShownSetting[];
  /** a setting keeps glibc from adapting the mmap threshold */
  readonly freezesThresholds: boolean;
  readonly touchName: string;
  readonly touchFit: TouchFit | null;
  /** the lower end of ranges of RSS; null if the policy was given or fitted */
  readonly lowestRatio: number | null;
  readonly holes: ModelSummary["holes"];
  readonly fidelity: Fidelity;
  readonly inferred: ModelSummary["inferred"];
  /** RSS of the baseline with which the what-ifs were compared; null: with the recorded run itself */
  readonly baseline: RssFigures | null;
  readonly assumedWritten: ModelSummary["assumedWritten"];
  /** the recorded run, then the what-ifs in the order asked for, without the refused ones */
  readonly scenarios: readonly ScenarioResult[];
  readonly refused: readonly RefusedScenario[];
  /** ids of the arenas that a thread (dense index) used, in ascending order */
  readonly arenasOf: (thread: number) => readonly number[];
  /** the topmost live block of each heap that has free memory below it */
  readonly pinned: readonly PinnedBytes[];
  /** what keeps free memory resident at the log's end, those that hold most first */
  readonly pins: readonly PinResult[];
  /** how frees raised the dynamic thresholds; null: they did not */
  readonly thresholdRaise: RaiseResult | null;
  /** RSS samples of the log with the model's RSS at the same place */
  readonly rssSamples: readonly RssComparison[];
  /** bytes of the chunks that the program holds, at each point of the timeline */
  readonly inUse: readonly number[];
  readonly eventsPerArenaPoint: number;
  /** null: no moment was asked for */
  readonly inspection: InspectionResult | null;
  /** the model's memory when the process was measured, in the order of AnalysisOptions.observed */
  readonly observed: readonly MemoryAt[];
  /** why memory was resident at some moments of the recorded run */
  readonly causesOverTime: readonly CausesAt[];
}

export interface CausesAt {
  /** of the log, before it */
  readonly events: number;
  readonly time: number;
  /** add up to RSS */
  readonly causes: Causes;
}

export interface RssComparison {
  readonly time: number;
  /** events of the log before it */
  readonly events: number;
  readonly bytes: number;
  readonly modelledBytes: number;
}
