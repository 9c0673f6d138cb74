import type { Inferences } from "../../replay/inferences.ts";
import type { Insertion } from "../../replay/insertions.ts";
import type { LastExits } from "../../replay/last-exits.ts";
import type { RecordedProcess } from "../../replay/recorded-process.ts";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import type { Work } from "../../replay/work.ts";
import type { ReadingForm } from "../../replay/writes/reading.ts";
import type { MaybeFigures } from "../../what-if/scenario-figures.ts";
import type { Asked } from "../../what-if/what-ifs.ts";

/**
 * Messages to a what-if worker. The columns of a batch lie in shared memory, in the buffer of a slot, which is sent once:
 * sending it with every batch would cost more than copying the batch.
 */
export type Request =
  | {
      readonly kind: "start";
      readonly origin: RecordedProcess;
      readonly specs: readonly ScenarioSpec[];
    }
  | { readonly kind: "buffer"; readonly slot: number; readonly work: Work }
  | { readonly kind: "steps"; readonly steps: readonly SentStep[] }
  | {
      readonly kind: "finish";
      readonly insertions: readonly Insertion[];
      readonly exits: LastExits;
    }
  | FiguresRequest;

/** A step, whose batch is in the buffer of a slot. */
export interface SentStep {
  readonly slot: number;
  /** events of the batch */
  readonly length: number;
  readonly inferences: Inferences;
}

export interface FiguresRequest {
  readonly kind: "figures";
  readonly reading: ReadingForm;
  readonly asked: Omit<Asked, "specs"> & {
    /** indices of scenarios in those of the start */
    readonly specs: readonly number[];
  };
}

/** Messages from a what-if worker. */
export type Response =
  | { readonly kind: "done"; readonly slots: readonly number[] }
  | { readonly kind: "figures"; readonly figures: MaybeFigures[] };
