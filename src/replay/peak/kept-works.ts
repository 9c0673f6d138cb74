import type { Work } from "../work.ts";
import { copyNeeded } from "./copy-needed.ts";

/** Copies of batches that several replays keep. The memory of those that none keeps any more serves later copies. */
export class KeptWorks {
  readonly #isGuided: boolean;
  readonly #unused: Work[] = [];

  /** `isGuided`: the replays have guides */
  constructor(isGuided: boolean) {
    this.#isGuided = isGuided;
  }

  /** Returns the work for replays that may keep it: kept once, and copied as soon as one of them does. */
  keep(work: Work): KeptWork {
    const copyOf = () => copyNeeded(work, this.#isGuided, this.#unused.pop() ?? null);
    return new KeptWork(work, this.#unused, copyOf);
  }

  /** Returns a copy of the work, kept once: for work in shared memory, which many replays would read slowly. */
  copy(work: Work): KeptWork {
    const copy = copyNeeded(work, this.#isGuided, this.#unused.pop() ?? null);
    return new KeptWork(copy, this.#unused);
  }
}

/** A batch that one replay or several keep. It must not change. */
export class KeptWork {
  #work: Work;
  #keepers = 1;
  readonly #unused: Work[];
  #copyOf: (() => Work) | null;

  /**
   * `unused` takes the work when nobody keeps it any more. `copyOf` makes a copy, which takes the place of `work` if anybody
   * else keeps it; null: the work is never used otherwise.
   */
  constructor(work: Work, unused: Work[] = [], copyOf: (() => Work) | null = null) {
    this.#work = work;
    this.#unused = unused;
    this.#copyOf = copyOf;
  }

  get work(): Work {
    return this.#work;
  }

  /** One more replay keeps it. */
  keep(): void {
    this.#keepers++;
    if (this.#copyOf !== null) {
      this.#work = this.#copyOf();
      this.#copyOf = null;
    }
  }

  release(): void {
    this.#keepers--;
    if (this.#keepers === 0 && this.#copyOf === null) {
      this.#unused.push(this.#work);
    }
  }
}
