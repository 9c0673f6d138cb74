import type { RecordedRuns } from "../recorded/recorded-runs.ts";
import type { ThresholdRaises } from "../recorded/threshold-raises.ts";
import type { ActionBatch } from "../trace/actions.ts";
import type { EventBatch } from "../trace/event.ts";
import type { Ledger } from "../trace/ledger.ts";

/** Where a block that raised the dynamic thresholds was freed and allocated. Callers are as in EventBatch.caller. */
export interface RaiseSite {
  readonly caller: number;
  /** µs on the log's clock; NaN when unknown */
  readonly time: number;
  /** null if another block has its id by now */
  readonly allocated: {
    readonly line: number;
    readonly caller: number;
    readonly thread: number;
    readonly time: number;
  } | null;
}

/**
 * What only the ledger knows of the frees that raised the thresholds: it must be asked while their batch is current. There are few of
 * them: each raises the threshold by a page or more, up to 32 MiB.
 */
export class RaiseSites {
  /** by line of the free */
  readonly #sites = new Map<number, RaiseSite>();

  /** To be called when the runs have replayed a batch, whose first event has number `first`. */
  note(
    { detection }: RecordedRuns,
    batch: EventBatch,
    actions: ActionBatch,
    first: number,
    ledger: Ledger,
  ): void {
    for (const { recorded } of detection?.runs ?? []) {
      this.#note(recorded.guided.raises, batch, actions, first, ledger);
    }
  }

  #note(
    { state }: ThresholdRaises,
    batch: EventBatch,
    actions: ActionBatch,
    first: number,
    ledger: Ledger,
  ): void {
    const { count, line } = state;
    if (count === 0 || this.#sites.has(line)) {
      return;
    }
    const row = batch.line.subarray(0, batch.length).indexOf(line);
    if (row < 0) {
      return;
    }
    this.#sites.set(line, {
      caller: batch.caller[row]!,
      time: batch.time[row]!,
      allocated: allocationOf(row, batch, actions, first, ledger),
    });
  }

  /** The site of the last of these raises; null if unknown. */
  of({ state }: ThresholdRaises): RaiseSite | null {
    return this.#sites.get(state.line) ?? null;
  }
}

/** Where the block of the free in a row was allocated: in the same batch, or as the ledger still knows it. */
function allocationOf(
  row: number,
  batch: EventBatch,
  { block, thread }: ActionBatch,
  first: number,
  { blocks, sites }: Ledger,
): RaiseSite["allocated"] {
  const id = block[row]!;
  if (id < 0) {
    return null;
  }
  const before = block.subarray(0, row).lastIndexOf(id);
  if (before >= 0) {
    return {
      line: batch.line[before]!,
      caller: batch.caller[before]!,
      thread: thread[before]!,
      time: batch.time[before]!,
    };
  }
  const site = blocks.siteOf(id);
  return blocks.eventOf(id) < first
    ? {
        line: blocks.lineOf(id),
        // The ledger forgets the site of a block that is freed.
        caller: site < 0 ? 0 : sites.callerOf(site),
        thread: blocks.ownerOf(id),
        time: blocks.timeOf(id),
      }
    : null;
}
