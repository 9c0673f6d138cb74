import { InstancePool } from "../../wasm/instance-pool.ts";
import { StateInstance } from "../../wasm/state-instance.ts";
import { StateOwner } from "../../wasm/state-owner.ts";
import { MODULE_ROWS as ROWS } from "../columns.ts";
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

/** One instance of the module, whose memory holds one ledger at a time. */
export class LedgerInstance extends StateInstance<LedgerCalls> {
  declare u32: Uint32Array;
  declare columns: LedgerColumns;

  /** @throws RangeError the system has no addresses for another memory */
  constructor() {
    super("ledger");
  }

  override renewViews(): void {
    super.renewViews();
    const { buffer } = this.calls.memory;
    this.u32 = new Uint32Array(buffer);
    this.columns = columnsIn(buffer);
  }

  override imports(): object {
    return {};
  }
}

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

/** A ledger's memory. */
export class LedgerCore extends StateOwner<LedgerInstance> {
  readonly #limits: SiteLimits;

  constructor(limits: SiteLimits) {
    super(pool, null);
    this.#limits = limits;
  }

  /** Becomes a copy of `from`. */
  copy(from: LedgerCore): void {
    this.replace(from.image(null));
  }

  override begin(instance: LedgerInstance): void {
    const { ofFewCalls, exact, anyThread, anySize } = this.#limits;
    instance.clear();
    instance.calls.begin(ofFewCalls, exact, anyThread, anySize);
  }
}
