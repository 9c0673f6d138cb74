/** A run that can be copied. A copy may take the memory of another run. */
export interface Copyable<R> {
  clone(recycled: R | null): R;
}

/** Runs that are no longer used, whose memory copies take. */
export interface Recycled<R> {
  put(run: R): void;
  copyOf(run: R): R;
}

export class RecycledRuns<R extends Copyable<R>> implements Recycled<R> {
  readonly #runs: R[] = [];

  put(run: R): void {
    this.#runs.push(run);
  }

  copyOf(run: R): R {
    return run.clone(this.#runs.pop() ?? null);
  }
}
