/** What thread dumps show of a thread. */
export interface ThreadInDumps {
  /** dumps that have the thread */
  readonly dumps: number;
  /** of these, dumps taken while the thread allocated; null: when they were taken is unknown */
  readonly whileAllocating: number | null;
  /** dumps by the state of the thread, e.g. {"RUNNABLE": 3} */
  readonly states: Readonly<Record<string, number>>;
  /**
   * the methods it was in, those seen most first, at most 5: in dumps taken while it allocated, or in all of them if there
   * are none
   */
  readonly frames: readonly FrameInDumps[];
}

/** "WAITING 4, RUNNABLE 1": how many dumps show a thread in which state; null if none shows it. */
export function statesText(dumps: ThreadInDumps | null | undefined): string | null {
  const states = Object.entries(dumps?.states ?? {}).sort((a, b) => b[1] - a[1]);
  return states.length === 0 ? null : states.map(([state, n]) => `${state} ${n}`).join(", ");
}

export interface FrameInDumps {
  /** the innermost frame, without module and version */
  readonly frame: string;
  readonly dumps: number;
  /** the frame and those that called it, innermost first, in the last of these dumps; at most 8 */
  readonly stack: readonly string[];
}

/** The thread dumps and listings that were given. */
export interface DumpSummary {
  /** the file as given */
  readonly source: string;
  /** a listing has names only */
  readonly kind: "dump" | "listing";
  /** when it was taken, in seconds since `trace.firstTime`; null: unknown */
  readonly time: number | null;
  readonly threads: number;
  /** of these, threads of the log */
  readonly matched: number;
}

export interface DumpsSummary {
  readonly dumps: readonly DumpSummary[];
  /** threads of the log that they name or show */
  readonly matchedThreads: number;
  /** what showed the times of dumps: the ages of threads, or dates; null: nothing did */
  readonly clock: "ages" | "dates" | null;
}

/** The process is a HotSpot JVM. */
export interface JvmSummary {
  /** e.g. "17.0.15+6", or "17" if only the path of the JDK shows it; null: unknown */
  readonly version: string | null;
  /** what shows it */
  readonly evidence:
    | "thread dump"
    | "mapping"
    | "call site"
    | "program"
    | "command"
    | "thread name";
}
