import type { GuidedReplay } from "../guided-replay.ts";

/** Two copies are made for each event to explain, then one per trial. */
const MAX_RECYCLED = 2;

/** Replays kept for their memory, which may be much. The runs of all versions share them, since they search in turn. */
export class RecycledReplays {
  readonly #replays: GuidedReplay[] = [];

  /** Takes a replay that is no longer used; a later copy reuses its memory. */
  put(replay: GuidedReplay): void {
    if (this.#replays.length < MAX_RECYCLED) {
      this.#replays.push(replay);
    }
  }

  /** Gives the memory back. */
  clear(): void {
    this.#replays.length = 0;
  }

  /** Copies a replay, into recycled memory where there is some. */
  copyOf(replay: GuidedReplay): GuidedReplay {
    return replay.clone(this.#replays.pop() ?? null);
  }
}
