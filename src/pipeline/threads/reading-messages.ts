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

/** Messages to the reading worker: a slot is free again, or reading must stop. */
export type Request = { readonly kind: "done"; readonly slot: number } | { readonly kind: "stop" };
