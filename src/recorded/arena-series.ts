import { residentPages } from "../ptmalloc/census.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { PLANES } from "../ptmalloc/resident.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { RowSeries } from "../trace/row-series.ts";

/** Of all arenas and planes together: 32 points for each of 64 arenas, of which 8 CPUs have no more. */
const MAX_VALUES = 32 * 64 * PLANES;

/**
 * RSS of each arena of the run as recorded. Its pages are counted by walking its heaps, at the end of each point only:
 * to keep a count an arena with each page written would slow down every run for the sake of one table.
 */
export class ArenaTimeline {
  #pages = new RowSeries(MAX_VALUES);

  clone(): ArenaTimeline {
    const copy = new ArenaTimeline();
    copy.#pages = this.#pages.clone();
    return copy;
  }

  get eventsPerPoint(): number {
    return this.#pages.eventsPerPoint;
  }

  /** first event (0-based) before which the open point is to be closed */
  get pointEnd(): number {
    return this.#pages.end;
  }

  /** The last event of the open point has happened. */
  closePoint({ arenas }: Ptmalloc): void {
    const pages = new Float64Array(arenas.length * PLANES);
    for (const av of arenas) {
      pages.set(residentPages(av), av.id * PLANES);
    }
    this.#pages.close(pages);
  }

  /**
   * RSS in bytes of arena `id` over the log's `events` events, at the end of each point; the larger, where points were
   * merged. A last point that is short has what the arena has now, in `pages`.
   */
  rssBytes(id: number, pages: ArrayLike<number>, reading: Reading, events: number): number[] {
    const series = Array.from({ length: PLANES }, (_, bit) => this.#pages.row(id * PLANES + bit));
    const closed = series[0]!.map((_, point) =>
      reading.bytes(series.map((values) => values[point]!)),
    );
    return events === this.#pages.start ? closed : [...closed, reading.bytes(pages)];
  }
}
