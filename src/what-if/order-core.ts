import { copyUnguided, type UnguidedWork, type Work } from "../replay/work.ts";
import { MODULE_ROWS as ROWS } from "../trace/columns.ts";
import { instantiate, outOfMemory } from "../wasm/wasm-module.ts";

/** What core/orders.ts exports. A drift is an address. */
interface OrderCalls {
  readonly memory: WebAssembly.Memory;
  inputBatch(): number;
  outputBatch(): number;
  begin(seed: number, events: number, time: number, first: number, ids: number): number;
  addEvents(drift: number, from: number, to: number, first: number): void;
  addNote(drift: number, note: number, event: number): void;
  addThreadEnd(drift: number, note: number, thread: number, event: number): void;
  addBlockNote(drift: number, note: number, block: number): void;
  nameOf(drift: number, block: number): number;
  leaveAll(drift: number): void;
  flush(): void;
}

/** What a drift is told while it runs (core/order-host.ts). */
export interface OrderHost {
  filled(length: number): void;
  noted(note: number, row: number): void;
}

/** One instance of the module, whose memory holds any number of drifts. */
export class OrderCore {
  readonly calls: OrderCalls;
  /** what the drifts take, and what they fill, in the module's memory: replaced when it grows */
  #input: UnguidedWork;
  #output: UnguidedWork;
  /** events of the batch that the drifts take */
  length = 0;
  readonly #inputAt: number;
  readonly #outputAt: number;
  #host: OrderHost | null = null;

  /** @throws RangeError the system has no addresses for another memory */
  constructor() {
    this.calls = instantiate<OrderCalls>("orders", {
      "store-host": { grew: () => this.#renewColumns(), outOfMemory },
      "order-host": {
        filled: (length: number) => this.#host?.filled(length),
        noted: (note: number, row: number) => this.#host?.noted(note, row),
      },
    });
    this.#inputAt = this.calls.inputBatch();
    this.#outputAt = this.calls.outputBatch();
    const { buffer } = this.calls.memory;
    this.#input = columnsAt(buffer, this.#inputAt);
    this.#output = columnsAt(buffer, this.#outputAt);
  }

  /** The drifts take this batch next. */
  load(work: Work): void {
    copyUnguided(this.#input, work);
    this.length = work.batch.length;
  }

  /** Copies the first rows of what a drift has filled. */
  save(to: Work, length: number): void {
    this.#output.batch.length = length;
    copyUnguided(to, this.#output);
  }

  /** Makes calls of a drift, which tells `host` what leaves. */
  run(host: OrderHost, make: (calls: OrderCalls) => void): void {
    this.#host = host;
    make(this.calls);
    this.#host = null;
  }

  #renewColumns(): void {
    const { buffer } = this.calls.memory;
    this.#input = columnsAt(buffer, this.#inputAt);
    this.#output = columnsAt(buffer, this.#outputAt);
  }
}

/** The columns of core/columns.ts, in their order. */
function columnsAt(buffer: ArrayBuffer, address: number): UnguidedWork {
  let at = address;
  const next = (bytes: number): number => {
    const start = at;
    at += bytes * ROWS;
    return start;
  };
  const bytes = () => new Uint8Array(buffer, next(1), ROWS);
  const words = () => new Int32Array(buffer, next(4), ROWS);
  const doubles = () => new Float64Array(buffer, next(8), ROWS);
  const [action, whole] = [bytes(), bytes()];
  const [thread, block, lost] = [words(), words(), words()];
  const [time, size, align, oldSize] = [doubles(), doubles(), doubles(), doubles()];
  return {
    batch: { time, size, align, length: 0 },
    actions: { action, thread, block, lost, oldSize },
    touch: {
      whole,
      from: doubles(),
      to: doubles(),
      ratioFrom: doubles(),
      full: doubles(),
      large: doubles(),
    },
  };
}
