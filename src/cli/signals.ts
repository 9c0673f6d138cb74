import type { EventEmitter } from "node:events";
import { Exit } from "./problems.ts";

const CODES = { SIGINT: Exit.interrupted, SIGTERM: Exit.terminated } as const;

type Signal = keyof typeof CODES;

/** The first SIGINT or SIGTERM asks for an orderly end, the second does not wait for it. */
export class Signals {
  readonly #aborter = new AbortController();
  readonly #source: EventEmitter;
  #code: number | null = null;

  constructor(source: EventEmitter, onFirst: () => void, onSecond: (exitCode: number) => void) {
    this.#source = source;
    this.#heard = (name) => {
      if (this.#code !== null) {
        return onSecond(CODES[name]);
      }
      this.#code = CODES[name];
      onFirst();
      this.#aborter.abort();
    };
    source.on("SIGINT", this.#heard).on("SIGTERM", this.#heard);
  }

  readonly #heard: (name: Signal) => void;

  /** aborts at the first signal */
  get aborted(): AbortSignal {
    return this.#aborter.signal;
  }

  /** 128 + the number of the signal; null as long as none came */
  get exitCode(): number | null {
    return this.#code;
  }

  forget(): void {
    this.#source.off("SIGINT", this.#heard).off("SIGTERM", this.#heard);
  }
}
