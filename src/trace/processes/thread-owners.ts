import { LogProcess, type ProcessOrigin } from "./log-process.ts";

/** The processes of a log, and which threads are whose. */
export class ThreadOwners {
  readonly all: LogProcess[] = [];
  readonly #owners = new Map<number, LogProcess>();

  /** The process of a thread id at present; null: it is new. */
  ownerOf(tid: number): LogProcess | null {
    return this.#owners.get(tid) ?? null;
  }

  own(tid: number, owner: LogProcess): void {
    if (this.#owners.get(tid) !== owner) {
      owner.threads++;
      this.#owners.set(tid, owner);
    }
  }

  start(pid: number, origin: ProcessOrigin): LogProcess {
    const index = this.all.length;
    const process = new LogProcess(index, pid, index === 0 ? "first" : origin);
    this.all.push(process);
    return process;
  }

  fork(parent: LogProcess, pid: number): LogProcess {
    parent.forks++;
    const child = parent.fork(this.all.length, pid);
    this.all.push(child);
    return child;
  }
}
