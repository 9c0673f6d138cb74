import type { Grade } from "./report.ts";

/** One of the processes of a log. */
export interface ProcessSummary {
  /** the pid; with `.2` and so on for a process that began later under the same pid: an executed program, or another run */
  readonly name: string;
  readonly pid: number;
  /**
   * what shows it: the log's first lines, a heap of its own, a copy of another one's heap, or its pid in the log; others:
   * all processes beyond the first 1,024 together
   */
  readonly origin: "first" | "program" | "fork" | "stated" | "others";
  /** calls; without those that a forked process's log has from its parent, which a report on it counts */
  readonly events: number;
  /** bytes requested by malloc, calloc, memalign and realloc (its new size), in these calls */
  readonly volumeBytes: number;
  /** the one that the report is of */
  readonly isReported: boolean;
  /** null: `--process` did not ask for them */
  readonly figures: ProcessFigures | null;
}

/** The main figures of a report on the process alone. */
export interface ProcessFigures {
  readonly threads: number;
  readonly liveBytes: number;
  readonly peakLiveBytes: number;
  /** heap RSS of the recorded run at its end and at its peak; null under --no-model */
  readonly rssEndBytes: number | null;
  readonly rssPeakBytes: number | null;
  /** share of the log's pointers that the model reproduced; null under --no-model */
  readonly fidelityRatio: number | null;
  readonly grade: Grade["level"] | null;
}
