import type { Profile } from "../ptmalloc/profile.ts";
import { haveSameRule, mayDifferAt } from "../ptmalloc/siblings.ts";
import { Action, type ActionBatch, LOST_FREE } from "../trace/actions.ts";
import type { EventBatch } from "../trace/event.ts";
import type { ScenarioRun } from "./scenario-run.ts";

/**
 * Events before which somebody may want to step in: where a run comes to a point from which it may go on in several
 * ways, it is copied there, or told what happened in between. Event `i` is of the batch that is being replayed.
 */
export class TurningPoints {
  /** called once, before the first event whose thread has to share an arena; null: nobody cares */
  onReuse: ((i: number) => void) | null = null;
  /** called where the block lies above the break; null: nobody cares */
  onAboveBreak: ((i: number) => void) | null = null;
  /** kindred versions (siblings.ts) that the run is that of, too */
  kindred: readonly Profile[] = [];
  /** called where some of these may treat a call otherwise, and leave together */
  onParting: ((i: number, first: Profile, others: readonly Profile[]) => void) | null = null;

  /** True if any are to be looked for. */
  get matter(): boolean {
    return this.onReuse !== null || this.onAboveBreak !== null || this.kindred.length > 0;
  }

  /** The run is about to replay event `i`. */
  before(run: ScenarioRun, batch: EventBatch, actions: ActionBatch, i: number): void {
    const action = actions.action[i]!;
    if (this.onReuse !== null && action !== Action.none) {
      this.#reuse(run, actions.thread[i]!, i);
    }
    if (this.onAboveBreak !== null && batch.pointerOut[i] !== 0) {
      const above = run.judge?.aboveBreak(run.model, batch.pointerOut[i]!) ?? 0;
      if (above > 0) {
        this.onAboveBreak(i);
      }
    }
    if (this.kindred.length > 0) {
      this.#part(run, action & ~LOST_FREE, batch, actions, i);
    }
  }

  #reuse({ model }: ScenarioRun, thread: number, i: number): void {
    if (!model.mayReuseArena(thread)) {
      return;
    }
    const tell = this.onReuse;
    this.onReuse = null;
    tell?.(i);
  }

  #part(
    run: ScenarioRun,
    action: number,
    batch: EventBatch,
    actions: ActionBatch,
    i: number,
  ): void {
    if (action < Action.realloc || action > Action.pvalloc) {
      return;
    }
    const { model } = run;
    const c = action === Action.realloc ? run.chunkOf(actions.block[i]!) : 0;
    if (action === Action.realloc && c === 0) {
      return;
    }
    model.enter(actions.thread[i]!);
    const call = action === Action.realloc ? "realloc" : "memalign";
    for (const other of this.kindred) {
      if (!this.kindred.includes(other)) {
        continue;
      }
      if (!mayDifferAt(model, other, call, c, batch.size[i]!)) {
        continue;
      }
      const parting = this.kindred.filter((one) => haveSameRule(one, other, call));
      this.kindred = this.kindred.filter((one) => !parting.includes(one));
      const others = parting.filter((one) => one !== other);
      this.onParting?.(i, other, others);
    }
  }
}
