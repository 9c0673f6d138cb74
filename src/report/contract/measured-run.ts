/** What replays of a log's calls by real allocators measured. Units as in report.ts. */

/** Replays by the real allocator under the recorded settings, and under those that the report names. */
export interface Proof {
  /** version of the machine's glibc, for which the runs are predicted, too */
  readonly glibc: string;
  /** the recorded settings first, then the cures */
  readonly runs: readonly MeasuredRun[];
}

/** One replay of the calls. */
export interface MeasuredRun {
  /** settings as typed, "as recorded", or the name of another allocator */
  readonly name: string;
  /** "glibc", or the name or the library of another allocator */
  readonly allocator: string;
  /** version of the glibc of the replaying process */
  readonly glibc: string;
  /** environment variables and tunables of the replaying process */
  readonly settings: Readonly<Record<string, string>>;
  /** null: the allocator, or this version, is not modelled */
  readonly predicted: MeasuredRss | null;
  /** of several free runs, the median of each figure */
  readonly measured: MeasuredRss;
  /** of each run in which threads ran side by side; null: the calls were made once, in the log's order */
  readonly freeRuns: readonly MeasuredRss[] | null;
  /**
   * of another allocator, told to return freed memory at once, not after a time, and to purge at the end; null: glibc, or an
   * allocator that is not known to return memory after a time
   */
  readonly purged: MeasuredRss | null;
  /** measured minus predicted */
  readonly error: MeasuredRss | null;
  /**
   * true if the prediction holds: what the settings save, or, as recorded, RSS; null where nothing is predicted, and for free runs,
   * whose order is not that of the prediction
   */
  readonly holds: boolean | null;
  /** calls that returned NULL, though they returned memory in the log */
  readonly failedCalls: number;
  readonly callsPerSecond: number;
}

/** RSS of the heaps. */
export interface MeasuredRss {
  readonly peakBytes: number;
  readonly endBytes: number;
}
