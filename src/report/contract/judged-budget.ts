/** The part of the report about budgets. Units as in report.ts. */

export interface BudgetResult {
  /** as typed in a budget, e.g. "rss@MALLOC_ARENA_MAX=1" */
  readonly key: string;
  /** of `limit`, `actual` and `base`; a ratio is 0..1; a count is any other number, also seconds */
  readonly unit: "bytes" | "ratio" | "count";
  readonly operator: "<=" | "<" | ">=" | ">";
  readonly limit: number;
  readonly actual: number;
  /** the earlier value, if the limit is relative to it; null for an absolute limit */
  readonly base: number | null;
  readonly ok: boolean;
  /**
   * --runs: the figure in runs of the base. If it is within them, or better, growth beyond the limit is no failure.
   * Absent without --runs, and for an absolute limit.
   */
  readonly noise?: BudgetNoise;
  /** the grade is unreliable, so that the figure cannot be judged; `ok` is false. Absent otherwise. */
  readonly unreliable?: true;
  /** from mallog.config.json */
  readonly name: string | null;
  readonly message: string | null;
  /**
   * sentences: if `ok` is false, the thread and the setting that explain it; in any case, whether the limit lies within
   * the range of the prediction
   */
  readonly explanation: readonly string[];
  /** the command that shows more; null if `ok` is true or the log was read from standard input */
  readonly command: string | null;
}

export interface BudgetNoise {
  /** how many runs have the figure */
  readonly runs: number;
  readonly least: number;
  readonly most: number;
  /** `actual` is between them */
  readonly within: boolean;
}
