import type { GivenShape } from "../input/formats/columns/given-columns.ts";
import type { RecordedOptions } from "../recorded/processes.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { TouchPolicy } from "../replay/writes/touch.ts";
import type { Moment } from "../trace/moment.ts";
import type { ObservedAt } from "../trace/stated/observed-memory.ts";
import type { ThreadDump } from "../trace/stated/thread-dump.ts";

/** What the user asked of an analysis. All settings are checked. */
export interface AnalysisOptions extends RecordedOptions {
  /** false: counts and live bytes only */
  readonly model: boolean;
  /** false: calls are not counted by call site and size; true if absent */
  readonly countsSites?: boolean;
  /** false: causes, and live bytes of call sites, are not sampled over the log; true if absent */
  readonly samples?: boolean;
  /** the what-ifs, in order, without the recorded run */
  readonly whatIfs: readonly ScenarioSpec[];
  /** further ones, reported if they help; absent: none */
  readonly trials?: readonly ScenarioSpec[];
  /** false: of what-ifs only totals are counted, no causes and heap maps; true if absent */
  readonly explainsWhatIfs?: boolean;
  /** CPUs of this machine */
  readonly hostCpus: number;
  readonly touch: TouchPolicy;
  /** the moment of the recorded run to show; absent: none */
  readonly inspect?: InspectOptions;
  /** what was measured of the process, and when; absent: nothing */
  readonly observed?: readonly ObservedAt[];
}

/** What to show of a moment. What is left out takes time and memory. */
export interface InspectOptions {
  readonly moment: Moment;
  /** the moment as typed */
  readonly asked: string;
  /** id of the only arena to show; null: all */
  readonly arena: number | null;
  /** chunks listed of each bin; Infinity: all */
  readonly chunksPerBin: number;
  /** all chunks of the heaps */
  readonly chunks: boolean;
  /** what malloc_trim(0) would return */
  readonly trim: boolean;
}

/** What the user asked of a log, which may have the calls of several processes. */
export interface LogOptions extends AnalysisOptions {
  /** the process to report, by its name; null: the one with the most volume; "all": the same, with the figures of each */
  readonly process: string | null;
  /** what the user says of the lines; null or absent: the first lines show it */
  readonly given?: GivenShape | null;
  /** dumps and listings of the threads; absent: none */
  readonly threadDumps?: readonly ThreadDump[];
}
