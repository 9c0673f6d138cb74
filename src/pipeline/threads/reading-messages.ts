import type { Diagnostics } from "../../input/diagnostics.ts";
import type { GivenShape } from "../../input/formats/columns/given-columns.ts";
import type { InputProblem } from "../../input/input-error.ts";
import type { ReadProgress, ReadResult } from "../../input/read-log.ts";
import type { EventBatch, EventColumns } from "../../trace/event.ts";

/** What the reading worker is to read. */
export interface Task {
  /** paths of the log's pieces in order; `-` for standard input */
  readonly names: readonly string[];
  /** what the user says of the lines; null: the first lines show it */
  readonly given: GivenShape | null;
  /** the first bytes of standard input, read already */
  readonly head: Uint8Array;
}

/** A slot that holds a batch, and those fields of the batch that are not columns. */
export type Filled = { readonly slot: number } & Pick<EventBatch, "length" | "notes">;

/**
 * Messages from the reading worker. The columns of a batch lie in shared memory, in the buffer of a slot, which is sent
 * once.
 */
export type Response =
  | { readonly kind: "buffer"; readonly slot: number; readonly columns: EventColumns }
  | ({
      readonly kind: "batch";
      readonly progress: ReadProgress;
      /** of the lines up to the batch's last one */
      readonly diagnostics: Diagnostics;
    } & Filled)
  | {
      readonly kind: "end";
      readonly last: Filled;
      readonly result: ReadResult;
      readonly diagnostics: Diagnostics;
    }
  | { readonly kind: "refused"; readonly problem: InputProblem };

/** Messages to the reading worker: slots are free again, or reading must stop. */
export type Request =
  | { readonly kind: "done"; readonly slots: readonly number[] }
  | { readonly kind: "stop" };

/** Batches in use at once, about 4 MiB: enough that neither thread waits while the other has a long batch. */
export const MAX_IN_USE = 8;

/** Slots that are given back with one message: a message wakes the other thread, and may cost this one its core. */
export const DONE_AT_ONCE = MAX_IN_USE / 2;
