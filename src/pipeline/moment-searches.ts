import type { EventBatch } from "../trace/event.ts";
import { type MomentEvent, MomentSearch } from "../trace/moment.ts";
import type { AnalysisOptions } from "./analysis-options.ts";

/** The moments of the log that the user asks for. */
export class MomentSearches {
  /** null: none is to be shown */
  readonly inspected: MomentSearch | null;
  /** when the process was measured */
  readonly observed: readonly MomentSearch[];
  readonly #all: readonly MomentSearch[];

  constructor({ inspect, observed = [] }: Pick<AnalysisOptions, "inspect" | "observed">) {
    this.inspected = inspect === undefined ? null : new MomentSearch(inspect.moment);
    this.observed = observed.map(({ moment }) => new MomentSearch(moment));
    this.#all = this.inspected === null ? this.observed : [this.inspected, ...this.observed];
  }

  /** Reads the next batch, as MomentSearch does. */
  take(batch: EventBatch, first: number, start: number): void {
    for (const search of this.#all) {
      search.take(batch, first, start);
    }
  }

  /** The last events up to the moments so far. */
  get found(): MomentEvent[] {
    return this.#all.flatMap(({ found }) => found ?? []);
  }
}
