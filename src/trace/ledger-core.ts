import { InstancePool } from "../wasm/instance-pool.ts";
import { HEAD_BYTES, imageOf, STORE, type StateImage } from "../wasm/state-image.ts";
import { instantiate, outOfMemory } from "../wasm/wasm-module.ts";
import { EVENTS_PER_BATCH as ROWS } from "./columns.ts";
import type { SiteLimits } from "./site-limits.ts";

/** What core/ledger.ts exports. Rows are addresses. */
export interface LedgerCalls {
  readonly memory: WebAssembly.Memory;
  begin(ofFewCalls: number, exact: number, anyThread: number, anySize: number): void;
  /** Passes over rows of the batch; `resolve` returns the first row that is left to its caller, or `to`. */
  resolve(from: number, to: number): number;
  enter(length: number): void;
  apply(from: number, to: number): void;
  count(from: number, to: number): void;
  pointers(): number;
  find(pointer: number): number;
  insert(pointer: number): number;
  remove(pointer: number): number;
  detach(pointer: number): number;
  attach(pointer: number, block: number): number;
  watch(pointer: number): void;
  addFreed(pointer: number): void;
  /** 0: false */
  wasFreed(pointer: number): number;
  rowOf(block: number): number;
  idLimit(): number;
  liveBytes(): number;
  liveBlocks(): number;
  excessive(): number;
  threadRow(thread: number): number;
  threadCount(): number;
  siteRow(site: number): number;
  siteCount(): number;
  peaks(): number;
  sumLive(): void;
  indexOfCaller(caller: number): number;
  lifetimesAt(index: number): number;
}

/** core/ledger-state.ts: index of the word with the end of the store; 0: no ledger has begun */
const LIMIT = 4;

/** One instance of the module. Its memory holds one ledger at a time. The views are replaced when the memory grows. */
export class LedgerInstance {
  readonly calls: LedgerCalls;
  /** the core whose ledger is in the memory */
  owner: LedgerCore | null = null;
  lastUse = 0;
  /** Its code calls nothing that takes an instance. */
  readonly isRunning = false;
  u8!: Uint8Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  f64!: Float64Array;
  columns!: LedgerColumns;

  /** @throws RangeError the system has no addresses for another memory */
  constructor() {
    const host = { grew: () => this.#renewViews(), outOfMemory };
    this.calls = instantiate<LedgerCalls>("ledger", { host });
    this.#renewViews();
  }

  get #end(): number {
    return this.i32[LIMIT]! >>> 0;
  }

  begin({ ofFewCalls, exact, anyThread, anySize }: SiteLimits): void {
    this.u8.fill(0, 0, HEAD_BYTES);
    this.calls.begin(ofFewCalls, exact, anyThread, anySize);
  }

  image(): StateImage {
    return imageOf(this, HEAD_BYTES + this.#end - STORE, null);
  }

  load(image: StateImage): void {
    const missing = STORE + image.length - HEAD_BYTES - this.u8.length;
    if (missing > 0) {
      this.calls.memory.grow(Math.ceil(missing / WASM_PAGE));
      this.#renewViews();
    }
    image.writeTo(this);
  }

  #renewViews(): void {
    const { buffer } = this.calls.memory;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.columns = columnsIn(buffer);
  }
}

/** Bytes of a page of WebAssembly. */
const WASM_PAGE = 65536;

export type LedgerColumns = ReturnType<typeof columnsIn>;

/** The columns of core/batch.ts, in their order. */
function columnsIn(buffer: ArrayBuffer) {
  let at = 0x2000;
  const next = (bytes: number): number => {
    const start = at;
    at += bytes * ROWS;
    return start;
  };
  const bytes = () => new Uint8Array(buffer, next(1), ROWS);
  const words = () => new Int32Array(buffer, next(4), ROWS);
  const doubles = () => new Float64Array(buffer, next(8), ROWS);
  return {
    op: bytes(),
    tid: words(),
    time: doubles(),
    caller: doubles(),
    size: doubles(),
    align: doubles(),
    pointerIn: doubles(),
    pointerOut: doubles(),
    line: doubles(),
    action: bytes(),
    thread: words(),
    block: words(),
    lost: words(),
    oldSize: doubles(),
    hashIn: words(),
    hashOut: words(),
    liveAfter: doubles(),
  };
}

/** Most ledgers of a thread that are attached. */
const MOST_INSTANCES = 16;

const pool = new InstancePool(MOST_INSTANCES, () => new LedgerInstance());

/**
 * A ledger's memory. It is attached, in an instance of the module, or parked: an image of the bytes in use. Whoever uses a
 * parked one attaches it; the one that was used longest ago is then parked.
 */
export class LedgerCore {
  readonly #limits: SiteLimits;
  #instance: LedgerInstance | null = null;
  /** null: no ledger has begun, unless there is an instance */
  #image: StateImage | null = null;

  constructor(limits: SiteLimits) {
    this.#limits = limits;
  }

  /** The instance that holds the ledger. Another use of any core may park it. */
  get attached(): LedgerInstance {
    const instance = this.#instance ?? this.#attach();
    pool.use(instance);
    return instance;
  }

  get calls(): LedgerCalls {
    return this.attached.calls;
  }

  /** Becomes a copy of `from`. */
  copy(from: LedgerCore): void {
    const image = from.image();
    this.#release();
    this.#image = image;
  }

  /** A copy of the bytes of the ledger. */
  image(): StateImage {
    return this.#image?.copy(null) ?? this.attached.image();
  }

  park(): void {
    if (this.#instance !== null) {
      this.#image = this.#instance.image();
      this.#release();
    }
  }

  #release(): void {
    if (this.#instance !== null) {
      this.#instance.owner = null;
      this.#instance = null;
    }
  }

  #attach(): LedgerInstance {
    const instance = pool.take();
    if (this.#image === null) {
      instance.begin(this.#limits);
    } else {
      instance.load(this.#image);
      this.#image = null;
    }
    instance.owner = this;
    pool.use(instance);
    this.#instance = instance;
    return instance;
  }
}
