import type { EventEmitter } from "node:events";
import { Exit } from "./exit-codes.ts";

const CODES = { SIGINT: Exit.interrupted, SIGTERM: Exit.terminated } as const;

export type Signal = keyof typeof CODES;

/**
 * Handles the first SIGINT or SIGTERM: it ends the run in order. A second one is left to the system, which ends the process
 * at once, also while this thread is busy and could not handle it.
 */
export class Signals {
  readonly #aborter = new AbortController();
  readonly #source: EventEmitter;
  readonly #onSignal: (name: Signal) => void;
  #code: number | null = null;

  constructor(source: EventEmitter, onFirst: (name: Signal) => void) {
    this.#source = source;
    this.#onSignal = (name) => {
      this.stopListening();
      this.#code = CODES[name];
      onFirst(name);
      this.#aborter.abort();
    };
    source.on("SIGINT", this.#onSignal).on("SIGTERM", this.#onSignal);
  }

  /** aborts at the first signal */
  get aborted(): AbortSignal {
    return this.#aborter.signal;
  }

  /** 128 + the number of the first signal; null: none received */
  get exitCode(): number | null {
    return this.#code;
  }

  stopListening(): void {
    this.#source.off("SIGINT", this.#onSignal).off("SIGTERM", this.#onSignal);
  }
}
