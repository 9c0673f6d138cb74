import type { Replay } from "../replay/replay.ts";

/** How the frees of mapped chunks have raised the dynamic thresholds of the recorded run (ptmalloc2.md §4.6). */
export class ThresholdRaises {
  readonly state = {
    count: 0,
    /** the thresholds before the first of them, in bytes */
    mmapThreshold: 0,
    trimThreshold: 0,
    /** the last of them: line of the free, which also identifies it; requested bytes of the block; its thread, dense */
    line: 0,
    size: 0,
    thread: 0,
  };

  copy(from: ThresholdRaises): void {
    Object.assign(this.state, from.state);
  }

  /** A call of `replay` has raised the thresholds from these values. */
  note({ current }: Pick<Replay, "current">, mmapThreshold: number, trimThreshold: number): void {
    if (current === null) {
      return;
    }
    const { state } = this;
    if (state.count === 0) {
      state.mmapThreshold = mmapThreshold;
      state.trimThreshold = trimThreshold;
    }
    state.count++;
    const { work, row } = current;
    state.line = work.batch.line[row]!;
    state.size = work.actions.oldSize[row]!;
    state.thread = work.actions.thread[row]!;
  }
}
