import type { EventEmitter } from "node:events";
import { Exit } from "./exit-codes.ts";

const CODES = { SIGINT: Exit.interrupted, SIGTERM: Exit.terminated } as const;

type Signal = keyof typeof CODES;

/** Handles SIGINT and SIGTERM: the first one ends the run in order, the second one at once. */
export class Signals {
  readonly #aborter = new AbortController();
  readonly #source: EventEmitter;
  readonly #onSignal: (name: Signal) => void;
  #code: number | null = null;

  constructor(source: EventEmitter, onFirst: () => void, onSecond: (exitCode: number) => void) {
    this.#source = source;
    this.#onSignal = (name) => {
      if (this.#code !== null) {
        return onSecond(CODES[name]);
      }
      this.#code = CODES[name];
      onFirst();
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
