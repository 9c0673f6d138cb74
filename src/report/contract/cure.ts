/** A what-if that lowers RSS, with what it costs and what one types for it. Units as in report.ts. */

import type { SystemCalls } from "./scenario.ts";

export interface Cure {
  /** that of the scenario */
  readonly name: string;
  /**
   * what differs from the recorded run, as --what-if takes it: environment variables and tunables, and mallog's own
   * `malloc_trim` ("end", or a period such as "30s"), `glibc` and `cpus`
   */
  readonly settings: Readonly<Record<string, string>>;
  /** the moments for which it is the best cure, which the report's first sentences name */
  readonly bestFor: readonly ("peak" | "end")[];
  readonly peak: CureFigures;
  readonly end: CureFigures;
  readonly price: CurePrice;
  /**
   * false if the ranges of RSS under the cure and of the recorded run overlap at a moment at which the cure lowers RSS, with the
   * same writes of the program in both, or if RSS is no lower there in another order of the threads: then it may not be lower
   */
  readonly certain: boolean;
  readonly type: CureTyped;
  /** with --verify: the calls made again under the cure by the real allocator; absent if it was not measured */
  readonly measured?: MeasuredCure;
}

export interface CureFigures {
  /** RSS under the cure */
  readonly bytes: number;
  /** bytes minus those of the recorded run: negative if the cure lowers RSS */
  readonly change: number;
}

/** What a replay by the real allocator measured; changes are from the recorded settings, measured likewise. */
export interface MeasuredCure {
  readonly peak: CureFigures;
  readonly end: CureFigures;
  /** true if it saves what was predicted */
  readonly holds: boolean;
}

/** What the cure costs more than the recorded run; negative: less. */
export interface CurePrice {
  readonly systemCalls: SystemCalls;
  readonly pageFaults: number;
  /** of the threads that used one arena, the most */
  readonly threadsPerArena: number;
}

/**
 * What one types, a command or a setting on each line; null where there is nothing to type. COMMAND, IMAGE, CONTAINER, NAME, POD,
 * UNIT and PID stand for one's own. All but `shell` and `docker run` change a process that keeps its other variables.
 */
export interface CureTyped {
  /** for a POSIX shell: starts the process, with the command that the log states; or acts on one that runs */
  readonly shell: string | null;
  readonly docker: string | null;
  readonly kubernetes: string | null;
  /** lines of a drop-in file, for `systemctl edit UNIT` */
  readonly systemd: string | null;
  /** a malloc_trim in a HotSpot JVM: jcmd's command for one, the option for one at intervals; null if the process is none */
  readonly jvm: string | null;
  /** the JDKs that have what `jvm` names, or should, with the change that brought it */
  readonly jdks: string | null;
  /** the call in the program's own code */
  readonly code: string | null;
}
