import type { Insertion } from "../replay/insertions.ts";
import type { EventBatch } from "../trace/event.ts";
import { type MomentEvent, MomentSearch } from "../trace/moment.ts";
import type { AnalysisOptions } from "./analysis-options.ts";
import { LaterWrites, type StatedBatch } from "./later-writes.ts";

/** The moments of the log that the user asks for. */
export class MomentSearches {
  /** null: none is to be shown */
  readonly inspected: MomentSearch | null;
  /** when the process was measured, and what the log states later */
  readonly observed: readonly { readonly search: MomentSearch; readonly later: LaterWrites }[];
  readonly #all: readonly MomentSearch[];

  constructor({ inspect, observed = [] }: Pick<AnalysisOptions, "inspect" | "observed">) {
    this.inspected = inspect === undefined ? null : new MomentSearch(inspect.moment);
    this.observed = observed.map(({ moment }) => ({
      search: new MomentSearch(moment),
      later: new LaterWrites(),
    }));
    const searches = this.observed.map(({ search }) => search);
    this.#all = this.inspected === null ? searches : [this.inspected, ...searches];
  }

  /** Reads the next batch, as MomentSearch does, with what its comments state. */
  take(batch: EventBatch, start: number, stated: Omit<StatedBatch, "length">): void {
    for (const search of this.#all) {
      search.take(batch, stated.first, start);
    }
    for (const { search, later } of this.observed) {
      later.take(search.found, { ...stated, length: batch.length });
    }
  }

  /** The log ends: `logged` is stated there. */
  finish(logged: readonly Insertion[]): void {
    for (const { later } of this.observed) {
      later.finish(logged);
    }
  }

  /** The last events up to the moments so far. */
  get found(): MomentEvent[] {
    return this.#all.flatMap(({ found }) => found ?? []);
  }
}
