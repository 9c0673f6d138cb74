import type { Arena } from "./arena.ts";
import { ArenaUsers } from "./arena-users.ts";
import { MODEL, THREAD } from "./core-layout.ts";
import type { Instance } from "./core-module.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { TcacheBins } from "./tcache-bins.ts";
import { Thread } from "./thread.ts";

/** TcacheState "active" */
const ACTIVE = 1;

/** The threads of a process, by dense index: 0, 1, 2 … in order of appearance. */
export class ProcessThreads {
  /** the arenas that they were ever attached to, also of those that have ended */
  readonly arenas: ArenaUsers;
  readonly bins = new TcacheBins(this);
  readonly #m: Ptmalloc;

  constructor(m: Ptmalloc) {
    this.#m = m;
    this.arenas = new ArenaUsers(m);
  }

  /** the main thread has called */
  get hasMain(): boolean {
    return this.instance.u8[MODEL.hasMain] !== 0;
  }

  /** threads that have called and not ended */
  get count(): number {
    return this.instance.i32[MODEL.threadsAlive]!;
  }

  /** Thread `index`; null: it has not called yet, or has ended. */
  at(index: number): Thread | null {
    const address = this.#addressOf(index);
    return address === 0 ? null : new Thread(this.#m, address);
  }

  /** Those that have called and not ended. */
  all(): Thread[] {
    return [...this.indices()].map((index) => this.at(index)!);
  }

  /** The indices of those that have called and not ended, in ascending order. */
  *indices(): Generator<number> {
    for (let index = 0; index < this.instance.i32[MODEL.threadCount]!; index++) {
      if (this.has(index)) {
        yield index;
      }
    }
  }

  /** True if the thread has called and not ended. */
  has(index: number): boolean {
    return this.#addressOf(index) !== 0;
  }

  /** The arena of thread `index`; null: it has none. */
  arenaOf(index: number): Arena | null {
    return this.#m.arenaAt(this.wordOf(index, THREAD.arena));
  }

  hasTcache(index: number): boolean {
    return this.wordOf(index, THREAD.tcache) === ACTIVE;
  }

  /** The chunk of the tcache struct of thread `index`; 0: none, or unknown. */
  structOf(index: number): number {
    return this.wordOf(index, THREAD.tcacheStruct);
  }

  /** What has the records now: another use of any core may change that. */
  get instance(): Instance {
    return this.#m.core.attached;
  }

  #addressOf(index: number): number {
    const { i32 } = this.instance;
    return index >= 0 && index < i32[MODEL.threadCount]!
      ? i32[(i32[MODEL.threads]! >>> 2) + index]! >>> 0
      : 0;
  }

  /** A field of the thread's record; 0 if there is none. */
  wordOf(index: number, field: number): number {
    const address = this.#addressOf(index);
    return address === 0 ? 0 : this.instance.i32[address / 4 + field]!;
  }
}
