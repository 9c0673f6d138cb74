import type { Profile } from "../ptmalloc/profile.ts";
import { haveSameRule, mayDifferAt } from "../ptmalloc/siblings.ts";
import type { Replay } from "../replay/replay.ts";
import type { Work } from "../replay/work.ts";
import { Action, withoutLostFree } from "../trace/actions.ts";

/** The sibling versions (siblings.ts) that share one replay, besides the version whose rules its model follows. */
export class SiblingVersions {
  profiles: readonly Profile[] = [];
  /** called before event `i`, where `first` and `others`, which share a rule, may differ from the model; null: ignored */
  onSplit: ((i: number, first: Profile, others: readonly Profile[]) => void) | null = null;

  /** Removes the versions that may treat event `i` differently, and reports them. */
  beforeEvent(replay: Replay, { batch, actions }: Work, i: number): void {
    const action = withoutLostFree(actions.action[i]!);
    if (action < Action.realloc || action > Action.pvalloc) {
      return;
    }
    const isRealloc = action === Action.realloc;
    const c = isRealloc ? replay.chunkOf(actions.block[i]!) : 0;
    if (isRealloc && c === 0) {
      return;
    }
    replay.model.enter(actions.thread[i]!);
    const call = isRealloc ? "realloc" : "memalign";
    for (const other of this.profiles) {
      if (
        !this.profiles.includes(other) ||
        !mayDifferAt(replay.model, other, call, c, batch.size[i]!)
      ) {
        continue;
      }
      const leaving = this.profiles.filter((one) => haveSameRule(one, other, call));
      this.profiles = this.profiles.filter((one) => !leaving.includes(one));
      this.onSplit?.(
        i,
        other,
        leaving.filter((one) => one !== other),
      );
    }
  }
}
