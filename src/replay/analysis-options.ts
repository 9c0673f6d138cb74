import type { ThpMode } from "../trace/log-facts.ts";

/** One run of the log's calls under given settings. */
export interface ScenarioSpec {
  /** as typed by the user; "as recorded" for the recorded run */
  readonly name: string;
  /** environment variables and tunables by name, values as text, in the order given */
  readonly settings: Readonly<Record<string, string>>;
  /** malloc_trim(0) at the end of the log, or every so many seconds of log time, or never */
  readonly trim: "never" | "end" | { readonly everySeconds: number };
  /** glibc version of this scenario; null: as the recorded run */
  readonly glibc: string | null;
  /** CPUs of this scenario; null: as the recorded run */
  readonly cpus: number | null;
}

/**
 * What the program is taken to have written of its blocks. `fitted`: the facts, but where RSS was measured the ratio
 * that meets it: this many bytes at the end of the log, or, where that is null, the samples that the log carries.
 */
export type TouchPolicy =
  | "facts"
  | "all"
  | "none"
  | { readonly ratio: number }
  | { readonly fitted: number | null };

/** What the user asked of an analysis, checked: all settings are known to be possible. */
export interface AnalysisOptions {
  /** false: counts and live bytes only */
  readonly model: boolean;
  /** the what-ifs, in order, without the run as recorded */
  readonly whatIfs: readonly ScenarioSpec[];
  /** what the recorded run had set, as environment variables and tunables; null: what the log says, else nothing */
  readonly recordedWith: Readonly<Record<string, string>> | null;
  /** "auto": what the log says, else the default */
  readonly glibc: string;
  /** null: what the log says, else this machine's */
  readonly cpus: number | null;
  /** CPUs of this machine */
  readonly hostCpus: number;
  readonly touch: TouchPolicy;
  readonly thp: ThpMode | null;
}
