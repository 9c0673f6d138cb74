import { instantiate } from "../wasm/wasm-module.ts";
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

/** The state lies below this address, and from STORE up to its first word: together they are the image of a ledger. */
const STATE_BYTES = 4096;
const STORE = 0x100000;
/** core/ledger-state.ts: index of the word with the end of the store; 0: no ledger has begun */
const LIMIT = 4;

/** One instance of the module. Its memory holds one ledger at a time. The views are replaced when the memory grows. */
export class LedgerInstance {
  readonly calls: LedgerCalls;
  /** the core whose ledger is in the memory; it may no longer be in use */
  owner: WeakRef<LedgerCore> | null = null;
  /** `uses` when the owner was used last */
  lastUse = 0;
  u8!: Uint8Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  f64!: Float64Array;
  columns!: LedgerColumns;

  /** @throws RangeError the system has no addresses for another memory */
  constructor() {
    this.calls = instantiate<LedgerCalls>("ledger", { host: { grew: () => this.#renewViews() } });
    this.#renewViews();
  }

  get #end(): number {
    return this.i32[LIMIT]! >>> 0;
  }

  begin({ ofFewCalls, exact, anyThread, anySize }: SiteLimits): void {
    this.u8.fill(0, 0, STATE_BYTES);
    this.calls.begin(ofFewCalls, exact, anyThread, anySize);
  }

  image(): Uint8Array {
    const image = new Uint8Array(STATE_BYTES + this.#end - STORE);
    image.set(this.u8.subarray(0, STATE_BYTES));
    image.set(this.u8.subarray(STORE, this.#end), STATE_BYTES);
    return image;
  }

  load(image: Uint8Array): void {
    const missing = STORE + image.length - STATE_BYTES - this.u8.length;
    if (missing > 0) {
      this.calls.memory.grow(Math.ceil(missing / WASM_PAGE));
      this.#renewViews();
    }
    this.u8.set(image.subarray(0, STATE_BYTES));
    this.u8.set(image.subarray(STATE_BYTES), STORE);
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

/** Most instances of a thread: V8 reserves 10 GB of addresses for each. A log may have dozens of processes that are analysed. */
const MOST_INSTANCES = 16;

const instances: LedgerInstance[] = [];
/** how often a core has got an instance */
let uses = 0;

/**
 * A ledger's memory. It is attached, in an instance of the module, or parked: an image of the bytes in use. Whoever uses a
 * parked one attaches it; the one that was used longest ago is then parked.
 */
export class LedgerCore {
  readonly #limits: SiteLimits;
  #instance: LedgerInstance | null = null;
  /** null: no ledger has begun, unless there is an instance */
  #image: Uint8Array | null = null;

  constructor(limits: SiteLimits) {
    this.#limits = limits;
  }

  /** The instance that holds the ledger. Another use of any core may park it. */
  get attached(): LedgerInstance {
    const instance = this.#instance ?? this.#attach();
    instance.lastUse = uses;
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
  image(): Uint8Array {
    return this.#image?.slice() ?? this.attached.image();
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
    uses++;
    const instance = freeInstance();
    if (this.#image === null) {
      instance.begin(this.#limits);
    } else {
      instance.load(this.#image);
      this.#image = null;
    }
    instance.owner = new WeakRef(this);
    this.#instance = instance;
    return instance;
  }
}

/** An instance that no core owns: an unused one, a new one, or that of the core used longest ago, which is parked. */
function freeInstance(): LedgerInstance {
  const unused = instances.find(({ owner }) => owner?.deref() === undefined);
  if (unused !== undefined) {
    return unused;
  }
  return (instances.length < MOST_INSTANCES ? newInstance() : null) ?? parkedInstance();
}

/** Null: the system has no addresses for another one, but there are some. */
function newInstance(): LedgerInstance | null {
  try {
    const instance = new LedgerInstance();
    instances.push(instance);
    return instance;
  } catch (error) {
    if (error instanceof RangeError && instances.length > 0) {
      return null;
    }
    throw error;
  }
}

function parkedInstance(): LedgerInstance {
  const oldest = instances.reduce((a, b) => (b.lastUse < a.lastUse ? b : a));
  oldest.owner?.deref()?.park();
  return oldest;
}
