import { EventEmitter } from "node:events";
import { PassThrough, Writable } from "node:stream";
import type { Io } from "../../src/cli/io.ts";
import type { StandardInput } from "../../src/pipeline/analysis-hooks.ts";

/** A stream that keeps the text written to it; `failWith` makes each write fail with that system error. */
export class FakeOutput extends Writable {
  readonly isTTY: boolean;
  readonly columns?: number;
  text = "";
  readonly #failWith: string | null;

  constructor({ columns, failWith = null }: { columns?: number; failWith?: string | null } = {}) {
    super({ decodeStrings: false });
    this.isTTY = columns !== undefined;
    if (columns !== undefined) {
      this.columns = columns;
    }
    this.#failWith = failWith;
  }

  override _write(chunk: string, _: string, done: (error?: Error) => void): void {
    if (this.#failWith !== null) {
      done(Object.assign(new Error(this.#failWith), { code: this.#failWith }));
      return;
    }
    this.text += chunk;
    done();
  }
}

export interface FakeIo extends Io {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  /** what `endWithin` was called with */
  readonly endsWithin: number[];
}

export type GivenIo = Partial<Omit<FakeIo, "endsWithin" | "endWithin">>;

/** A process without terminals, with an empty environment and nothing on standard input. */
export function fakeIo(given: GivenIo = {}): FakeIo {
  const endsWithin: number[] = [];
  const stdin: StandardInput = new PassThrough().end();
  return {
    env: {},
    cwd: "/",
    hostCpus: 4,
    host: { platform: process.platform, arch: process.arch },
    version: "1.2.3",
    signals: new EventEmitter(),
    endWithin: (milliseconds) => endsWithin.push(milliseconds),
    stdin,
    ...given,
    stdout: given.stdout ?? new FakeOutput(),
    stderr: given.stderr ?? new FakeOutput(),
    endsWithin,
  };
}
