import type { Insertion } from "../replay/insertions.ts";
import type { Holes } from "../replay/writes/holes.ts";
import type { Touch, TouchBatch } from "../replay/writes/touch.ts";
import type { ActionBatch } from "../trace/actions.ts";
import type { EventBatch, Note } from "../trace/event.ts";
import type { Ledger } from "../trace/ledger.ts";
import type { ThreadExits } from "../trace/order/thread-exits.ts";

/**
 * The passes over a batch, between its decoding and its replay. Each changes the batch, or the columns beside it, in
 * place, so their order matters: a pass may need only what decoding or an earlier pass gives. test/pipeline/passes.test.ts
 * checks that.
 *
 * Sizes that a hook cut by %u are restored before (CutSizes): that needs a replay that has reached the event.
 */

/** Something that a pass reads or writes. */
export type Aspect =
  /** the events as decoded, with whole sizes */
  | "events"
  /** lines in the allocator's order; the action and the block of each */
  | "actions"
  /** times on one clock that runs on over midnight */
  | "times"
  /** the dense thread index of each event, and its former size */
  | "threads"
  /** thread exits where they take effect */
  | "exits"
  /** what the program writes of each block, under the touch policy */
  | "writes"
  /** probes and writes that the log's comments state */
  | "logged";

/** What the passes share: one batch, and the state that goes through the whole log. */
export interface Stage {
  readonly batch: EventBatch;
  /** the batch that follows; null at the log's end. Lines may be exchanged with it. */
  readonly next: EventBatch | null;
  /** bytes of the RSS samples among the batch's comments */
  readonly samples: ReadonlyMap<Note, number>;
  readonly actions: ActionBatch;
  readonly touched: TouchBatch;
  readonly ledger: Ledger;
  readonly threadExits: ThreadExits;
  readonly touch: Touch;
  readonly holes: Holes;
  /** given by the last pass */
  logged: readonly Insertion[];
}

export interface Pass {
  readonly name: string;
  readonly needs: readonly Aspect[];
  readonly gives: readonly Aspect[];
  /** the pass serves the models only: --no-model leaves it out */
  readonly forModel: boolean;
  readonly run: (stage: Stage) => void;
}

export const PASSES: readonly Pass[] = [
  {
    name: "resolve pointers, tids and times",
    needs: ["events"],
    gives: ["actions", "times", "threads"],
    forModel: false,
    run: ({ ledger, batch, actions, next }) => ledger.resolve(batch, actions, next),
  },
  {
    name: "move thread exits to where they take effect",
    needs: ["actions", "threads"],
    gives: ["exits"],
    forModel: true,
    run: ({ threadExits, batch, actions, next }) => threadExits.settle(batch, actions, next),
  },
  {
    name: "apply the touch policy",
    needs: ["actions", "threads"],
    gives: ["writes"],
    forModel: true,
    run: ({ touch, batch, actions, touched }) => touch.fill(batch, actions, touched),
  },
  {
    name: "apply hole lines and RSS samples",
    needs: ["actions", "threads", "writes"],
    gives: ["writes", "logged"],
    forModel: true,
    run: (stage) => {
      const { holes, batch, actions, touched, samples, ledger } = stage;
      stage.logged = holes.follow({ batch, actions, touch: touched }, samples, ledger);
    },
  },
];
