import { residentPages } from "../ptmalloc/census.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { PLANES } from "../ptmalloc/resident.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { RowSeries } from "../trace/ledger/row-series.ts";

/** For all arenas and planes together: 32 points for each of 64 arenas, the limit of 8 CPUs. */
const MAX_VALUES = 32 * 64 * PLANES;

/**
 * RSS of each arena of the recorded run. Pages are counted by walking the arena's heaps at the end of each point: a
 * counter per arena, updated with each page written, would slow down every replay for one table.
 */
export class ArenaSeries {
  #pages = new RowSeries(MAX_VALUES);

  clone(): ArenaSeries {
    const copy = new ArenaSeries();
    copy.#pages = this.#pages.clone();
    return copy;
  }

  get eventsPerPoint(): number {
    return this.#pages.eventsPerPoint;
  }

  /** number of events (0-based index of the next one) at which the open point must be closed */
  get pointEnd(): number {
    return this.#pages.end;
  }

  /** Closes the open point after its last event. */
  closePoint(m: Ptmalloc): void {
    const { arenas } = m;
    const pages = new Float64Array(arenas.length * PLANES);
    for (const av of arenas) {
      pages.set(residentPages(m, av), av.id * PLANES);
    }
    this.#pages.close(pages);
  }

  /**
   * Returns the RSS in bytes of arena `id` at the end of each point of the log's `events` events; of merged points, the
   * larger. A short last point has the arena's present RSS, from `pages`.
   */
  rssBytes(id: number, pages: ArrayLike<number>, reading: Reading, events: number): number[] {
    const series = Array.from({ length: PLANES }, (_, bit) => this.#pages.row(id * PLANES + bit));
    const closed = series[0]!.map((_, point) =>
      reading.bytes(series.map((values) => values[point]!)),
    );
    return events === this.#pages.start ? closed : [...closed, reading.bytes(pages)];
  }
}
