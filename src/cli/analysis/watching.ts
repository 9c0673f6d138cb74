import type { Report } from "../../report/contract/report.ts";
import type { LiveTable } from "../terminal/live-table.ts";
import { Repeated } from "./repeated.ts";

/** ms between two repaints of the table */
const REPAINT_MS = 1000;
/** Part of the time that may be spent on reports for the table. */
const MAX_SHARE = 0.1;

/** What is shown and written of a log while it is read. */
export interface Watched {
  /** ms between interim reports; null: none */
  readonly everyMs: number | null;
  /** null: no table on the terminal */
  readonly table: LiveTable | null;
  /** Writes and prints an interim report. Returns false if the reader of standard output is gone. */
  readonly deliver: (report: Report) => Promise<boolean>;
}

/** Takes reports from an analysis in progress: for the table on the terminal, and for --every. */
export class Watching {
  readonly #watched: Watched;
  readonly #stop = new AbortController();
  readonly #repeated: Repeated[] = [];
  #repaint: NodeJS.Timeout | null = null;
  #readerIsGone = false;
  /** bytes of the log that the table shows */
  #bytesShown = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** aborts once it makes no sense to read on */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The reader of standard output has closed its end. */
  get readerIsGone(): boolean {
    return this.#readerIsGone;
  }

  /** `snapshot` returns null before there is anything to report. */
  start(snapshot: () => Report | null): void {
    const { everyMs, table } = this.#watched;
    if (table !== null) {
      this.#repeat(REPAINT_MS / 4, () => this.#show(snapshot, table));
      this.#repaint = setInterval(() => table.paint(), REPAINT_MS);
    }
    if (everyMs !== null) {
      this.#repeat(everyMs, () => this.#report(snapshot, everyMs));
    }
  }

  /**
   * Must be called before the report is printed.
   * @throws what `snapshot` or `deliver` has thrown
   */
  async stop(): Promise<void> {
    if (this.#repaint !== null) {
      clearInterval(this.#repaint);
    }
    const stopped = await Promise.allSettled(this.#repeated.splice(0).map((one) => one.stop()));
    this.#watched.table?.clear();
    for (const one of stopped) {
      if (one.status === "rejected") {
        throw one.reason;
      }
    }
  }

  #repeat(firstMs: number, step: () => Promise<number>): void {
    const repeated = new Repeated(step, () => this.#stop.abort());
    this.#repeated.push(repeated);
    repeated.start(firstMs);
  }

  /** A report of a large heap takes long: then the figures of the table change less often than its first line. */
  async #show(snapshot: () => Report | null, table: LiveTable): Promise<number> {
    if (table.bytes === this.#bytesShown) {
      return REPAINT_MS;
    }
    this.#bytesShown = table.bytes;
    const began = performance.now();
    const report = snapshot();
    if (report !== null) {
      await table.show(report);
    }
    return Math.max(REPAINT_MS, (performance.now() - began) / MAX_SHARE);
  }

  async #report(snapshot: () => Report | null, everyMs: number): Promise<number> {
    const report = snapshot();
    if (report !== null) {
      this.#watched.table?.clear();
      if (!(await this.#watched.deliver(report))) {
        this.#readerIsGone = true;
        this.#stop.abort();
      }
    }
    return everyMs;
  }
}
