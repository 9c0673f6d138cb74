/** One replay of the log's calls under given settings, as the user asked for it. */
export interface ScenarioSpec {
  /** as typed by the user */
  readonly name: string;
  /** environment variables and tunables by name, values as text, in the order given */
  readonly settings: Readonly<Record<string, string>>;
  /** malloc_trim(0) at the end of the log, or every so many seconds of log time, or never */
  readonly trim: "never" | "end" | { readonly everySeconds: number };
  /** glibc version of this scenario; null: as in the recorded run */
  readonly glibc: string | null;
  /** CPUs of this scenario; null: as in the recorded run */
  readonly cpus: number | null;
  /** tried unasked, and reported only if it helps; absent: asked for */
  readonly trial?: true;
}
