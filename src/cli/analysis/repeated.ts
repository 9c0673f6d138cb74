/**
 * A step that is repeated while other work goes on, never twice at once. It returns the milliseconds until its next run,
 * counted from its end.
 */
export class Repeated {
  readonly #step: () => Promise<number>;
  readonly #onFailure: () => void;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  #failure: { readonly error: unknown } | null = null;

  /** `onFailure`: called once the step has thrown, after which it is not repeated */
  constructor(step: () => Promise<number>, onFailure: () => void) {
    this.#step = step;
    this.#onFailure = onFailure;
  }

  /** The first run is in `milliseconds`. */
  start(milliseconds: number): void {
    if (this.#isStopped) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#running = this.#run();
    }, milliseconds);
  }

  /**
   * Ends the repetition, after the run in progress.
   * @throws what the step has thrown
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
    await this.#running;
    if (this.#failure !== null) {
      throw this.#failure.error;
    }
  }

  async #run(): Promise<void> {
    try {
      this.start(await this.#step());
    } catch (error) {
      this.#failure = { error };
      this.#onFailure();
    }
  }
}
