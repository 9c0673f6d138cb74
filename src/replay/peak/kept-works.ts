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

  /** Returns a copy of the work, kept once. */
  keep(work: Work): KeptWork {
    const copy = copyNeeded(work, this.#isGuided, this.#unused.pop() ?? null);
    return new KeptWork(copy, this.#unused);
  }
}

/** A batch kept by one replay or several. It must not change. */
export class KeptWork {
  readonly work: Work;
  #keepers = 1;
  readonly #unused: Work[];

  /** `unused` takes the work when nobody keeps it any more */
  constructor(work: Work, unused: Work[] = []) {
    this.work = work;
    this.#unused = unused;
  }

  /** One more replay keeps it. */
  keep(): void {
    this.#keepers++;
  }

  release(): void {
    this.#keepers--;
    if (this.#keepers === 0) {
      this.#unused.push(this.work);
    }
  }
}
