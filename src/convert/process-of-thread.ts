import type { Note } from "../trace/event.ts";

/** The process of each thread, as far as comments state it (`# pid`, `# owner`). */
export class ProcessOfThread {
  readonly #owners = new Map<number, number>();
  /** the process whose head was read last; NaN: none yet */
  #latest = Number.NaN;

  read({ text }: Note): void {
    const [, key, first, second] = /^(pid|owner)\s+(\d{1,10})(?:\s+(\d{1,10}))?/.exec(text) ?? [];
    if (key === "pid") {
      this.#latest = Number(first);
      this.#owners.set(this.#latest, this.#latest);
    } else if (key === "owner" && second !== undefined) {
      this.#owners.set(Number(first), Number(second));
    }
  }

  /** Where no comment states a process, the log's first thread names it, as the first thread of a process does. */
  of(tid: number): number {
    const owner = this.#owners.get(tid);
    if (owner !== undefined) {
      return owner;
    }
    if (Number.isNaN(this.#latest)) {
      this.#latest = tid;
    }
    return this.#latest;
  }
}
