/** What an instance holds the state of. */
export interface Owner {
  /** Takes its state out of the instance, and gives the instance up. */
  park(): void;
}

export interface PooledInstance {
  /** null: none. An owner that is no longer in use is soon the one used longest ago. */
  owner: Owner | null;
  /** when the owner was used last: a number that rises with each use */
  lastUse: number;
  /** its code is on the stack, and has called what may take another instance: it keeps its owner */
  readonly isRunning: boolean;
}

/**
 * Instances of a module, in one thread. V8 reserves 10 GB of addresses for each, of which a process has room for some thousands,
 * while a log may have as many processes, each with dozens of states. So their owners take turns.
 */
export class InstancePool<I extends PooledInstance> {
  readonly #most: number;
  readonly #create: () => I;
  readonly #instances: I[] = [];
  #uses = 0;

  /** `create` throws a RangeError if the system has no addresses for another one. */
  constructor(most: number, create: () => I) {
    this.#most = most;
    this.#create = create;
  }

  /**
   * Returns an instance without an owner: an unused one, a new one, or that of the owner used longest ago, which is parked,
   * unless it runs.
   * @throws RangeError there is none, and the system has no addresses for one
   */
  take(): I {
    const unused = this.#instances.find(({ owner }) => owner === null);
    if (unused !== undefined) {
      return unused;
    }
    const idle = this.#instances.filter(({ isRunning }) => !isRunning);
    return this.#new(idle.length > 0) ?? parked(idle);
  }

  /** The instance's owner uses it. */
  use(instance: I): void {
    instance.lastUse = ++this.#uses;
  }

  /** Null, unless there must be one: there are enough, or the system has no addresses for another one. */
  #new(mayFail: boolean): I | null {
    if (mayFail && this.#instances.length >= this.#most) {
      return null;
    }
    try {
      const instance = this.#create();
      this.#instances.push(instance);
      return instance;
    } catch (error) {
      if (mayFail && error instanceof RangeError) {
        return null;
      }
      throw error;
    }
  }
}

/** Parks the owner used longest ago. Returns its instance. */
function parked<I extends PooledInstance>(instances: readonly I[]): I {
  const oldest = instances.reduce((a, b) => (b.lastUse < a.lastUse ? b : a));
  oldest.owner?.park();
  return oldest;
}
