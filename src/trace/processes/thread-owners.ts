import { TidIndex } from "../tid-index.ts";
import { LogProcess, type ProcessOrigin } from "./log-process.ts";

/** Processes that are told apart; the calls of all others are those of one more. */
const MAX_PROCESSES = 1024;

/** The processes of a log, and which threads are whose. */
export class ThreadOwners {
  readonly all: LogProcess[] = [];
  readonly #index = new TidIndex();
  /** index of the process of each thread: a log may have many thousand threads */
  #owners = new Uint16Array(64);
  /** the latest process of each pid */
  readonly #latest = new Map<number, LogProcess>();

  /** The process of a thread id at present; null: it is new. */
  ownerOf(tid: number): LogProcess | null {
    const thread = this.#index.find(tid);
    return thread < 0 ? null : this.all[this.#owners[thread]!]!;
  }

  /** The latest process of a pid; null: none has it. */
  latestOf(pid: number): LogProcess | null {
    return this.#latest.get(pid) ?? null;
  }

  own(tid: number, owner: LogProcess): void {
    if (this.ownerOf(tid) === owner) {
      return;
    }
    owner.threads++;
    const thread = this.#index.indexOf(tid);
    if (thread === this.#owners.length) {
      const grown = new Uint16Array(this.#owners.length * 2);
      grown.set(this.#owners);
      this.#owners = grown;
    }
    this.#owners[thread] = owner.index;
  }

  start(pid: number, origin: ProcessOrigin): LogProcess {
    const index = this.all.length;
    return this.#add(new LogProcess(index, pid, index === 0 ? "first" : origin));
  }

  /** `isShown`: the log shows that it is a fork. */
  fork(parent: LogProcess, pid: number, isShown: boolean): LogProcess {
    const child = parent.fork(this.all.length, pid);
    child.isShownFork = isShown;
    parent.forks += isShown ? 1 : 0;
    return this.#add(child);
  }

  #add(told: LogProcess): LogProcess {
    const last = this.all[MAX_PROCESSES];
    if (last !== undefined) {
      return last;
    }
    const added = told.index < MAX_PROCESSES ? told : new LogProcess(told.index, 0, "others");
    this.all.push(added);
    this.#latest.set(added.pid, added);
    return added;
  }
}
