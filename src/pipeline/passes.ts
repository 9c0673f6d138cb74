import type { Insertion } from "../replay/insertions.ts";
import type { Holes } from "../replay/writes/holes.ts";
import type { Touch, TouchBatch } from "../replay/writes/touch.ts";
import type { ActionBatch } from "../trace/actions.ts";
import type { EventBatch, Note } from "../trace/event.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";
import type { LastCalls, LikelyExit } from "../trace/order/last-calls.ts";
import type { ThreadExits } from "../trace/order/thread-exits.ts";
import type { FirstPointers } from "../trace/signs/first-pointers.ts";

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
  /** lines in the allocator's order */
  | "order"
  /** the action and the block of each event, and failed calls */
  | "blocks"
  /** times on one clock that runs on past midnight */
  | "times"
  /** the dense thread index of each event */
  | "threads"
  /** requested bytes of a freed or resized block; live bytes */
  | "old sizes"
  /** thread exits where they take effect, and what threads free afterwards */
  | "exits"
  /** what the program writes of each block, under the touch policy */
  | "writes"
  /** probes and writes that the log's comments state */
  | "logged";

/** What the ledger's passes need: one batch, and the ledger of the whole log. */
export interface LedgerStage {
  readonly batch: EventBatch;
  /** the batch that follows; null at the log's end. Lines may be exchanged with it. */
  readonly next: EventBatch | null;
  readonly actions: ActionBatch;
  readonly ledger: Ledger;
}

/** What all passes share: one batch, and the state that goes through the whole log. */
export interface Stage extends LedgerStage {
  /** number of the batch's first event */
  readonly first: number;
  /** bytes of the RSS samples among the batch's comments */
  readonly samples: ReadonlyMap<Note, number>;
  readonly touched: TouchBatch;
  readonly firstPointers: FirstPointers;
  readonly threadExits: ThreadExits;
  readonly lastCalls: LastCalls;
  readonly touch: Touch;
  readonly holes: Holes;
  /** given by the pass that looks ahead for the first pointers of new threads */
  coming: readonly Insertion[];
  /** given by the pass that finds thread exits */
  exits: readonly Insertion[];
  /** given by the last pass */
  logged: readonly Insertion[];
}

export interface Pass<Needed = Stage> {
  readonly name: string;
  readonly needs: readonly Aspect[];
  readonly gives: readonly Aspect[];
  /** the pass serves the models only: --no-model leaves it out */
  readonly forModel: boolean;
  readonly run: (stage: Needed) => void;
}

/** Returns the insertions that the passes have given, in order. */
export function insertionsOf({ coming, exits, logged }: Stage): Insertion[] {
  return [...coming, ...exits, ...logged].sort((a, b) => a.before - b.before);
}

/** The steps of the ledger, which read the log without a model. */
export const LEDGER_PASSES: readonly Pass<LedgerStage>[] = [
  {
    name: "put lines in order and resolve pointers to blocks",
    needs: ["events"],
    gives: ["order", "blocks"],
    forModel: false,
    run: ({ ledger, batch, actions, next }) => ledger.resolveBlocks(batch, actions, next),
  },
  {
    name: "put times on one clock",
    needs: ["order"],
    gives: ["times"],
    forModel: false,
    run: ({ ledger, batch }) => ledger.readClock(batch),
  },
  {
    name: "count threads",
    needs: ["order", "blocks", "times"],
    gives: ["threads"],
    forModel: false,
    run: ({ ledger, batch, actions }) => ledger.countThreads(batch, actions),
  },
  {
    name: "apply allocations and frees to the live blocks, and count call sites",
    needs: ["order", "blocks", "threads"],
    gives: ["old sizes"],
    forModel: false,
    run: ({ ledger, batch, actions }) => ledger.applyBlocks(batch, actions),
  },
  {
    name: "record live bytes over time",
    needs: ["times", "old sizes"],
    gives: [],
    forModel: false,
    run: ({ ledger, batch }) => ledger.recordSeries(batch),
  },
];

export const PASSES: readonly Pass[] = [
  ...LEDGER_PASSES,
  {
    name: "move thread exits to where they take effect, or find them in the threads' last calls",
    needs: ["order", "blocks", "threads", "old sizes"],
    gives: ["exits"],
    forModel: true,
    run: (stage) => {
      const { threadExits, lastCalls, batch, actions, first, next } = stage;
      const placed = threadExits.place(batch, actions, first, next);
      stage.exits = threadExits.areLogged
        ? placed.map(({ thread, last }) => ({ kind: "exit", before: last + 1, thread }))
        : suggestedExits(lastCalls.read(batch, actions, first, next), first);
    },
  },
  {
    name: "look ahead for the first pointers of new threads",
    needs: ["threads"],
    gives: [],
    forModel: true,
    run: (stage) => {
      const { firstPointers, batch, actions, first, next } = stage;
      const found = firstPointers.read(batch, actions, first, next);
      stage.coming = found.map(({ event, thread, pointer }) => ({
        kind: "comingPointer",
        before: event,
        thread,
        pointer,
      }));
    },
  },
  {
    name: "apply the touch policy",
    needs: ["order", "blocks", "old sizes"],
    gives: ["writes"],
    forModel: true,
    run: ({ touch, batch, actions, touched }) => touch.fill(batch, actions, touched),
  },
  {
    name: "apply hole lines and RSS samples",
    needs: ["order", "blocks", "old sizes", "writes"],
    gives: ["writes", "logged"],
    forModel: true,
    run: (stage) => {
      const { holes, batch, actions, touched, samples, ledger } = stage;
      const work = { batch, actions, touch: touched };
      stage.logged = holes.follow(work, batch.notes, samples, ledger);
    },
  },
];

/** Places the exits in the batch whose first event has number `first`: the last call before one may lie further above. */
function suggestedExits(likely: readonly LikelyExit[], first: number): Insertion[] {
  return likely.map(({ thread, last, frees }) => ({
    kind: "suggestedExit",
    before: Math.max(last + 1, first),
    thread,
    frees,
  }));
}
