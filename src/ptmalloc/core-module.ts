import { InstancePool } from "../wasm/instance-pool.ts";
import type { StateImage } from "../wasm/state-image.ts";
import { StateInstance } from "../wasm/state-instance.ts";
import { StateOwner } from "../wasm/state-owner.ts";
import { RESIDENT_PAGES, RETURNED_PAGES } from "./core-layout.ts";
import { PLANES } from "./resident.ts";

/** What core/ptmalloc.ts and replay/core/replay.ts export. Chunks are indices of words, arenas and heaps addresses; 0 is none. */
export interface CoreCalls {
  readonly memory: WebAssembly.Memory;
  allocate(bytes: number): number;
  release(block: number, bytes: number): void;
  init(initialBreak: number): void;
  updateLimits(): void;
  enter(index: number): void;
  enterEnded(index: number): void;
  /** 0: false */
  mayReuseArena(index: number): number;
  malloc(bytes: number): number;
  calloc(bytes: number): number;
  realloc(c: number, bytes: number): number;
  memalign(alignment: number, bytes: number): number;
  valloc(bytes: number): number;
  pvalloc(bytes: number): number;
  free(c: number): void;
  mallocTrim(pad: number): number;
  mallopt(parameter: number, value: number): void;
  attachesBefore(index: number, others: number, count: number): void;
  exitThread(): void;
  foreignSbrk(bytes: number, trims: number): void;
  write(c: number, from: number, to: number, planes: number): void;
  learn(
    c: number,
    written: number,
    writtenCount: number,
    absent: number,
    absentCount: number,
  ): void;
  addResident(planes: number, pages: number): void;
  advanceMapped(c: number, granules: number): void;
  pagesOfMapping(mapping: number, bit: number): number;
  usableBytes(c: number): number;
  noteRequest(c: number, bytes: number): void;
  mapChunk(nb: number): number;
  newArena(bytes: number): number;
  trimAfterFree(arena: number, granules: number): void;
  forgetTrims(): void;
  regainTop(arena: number): void;
  findChunk(heap: number, addr: number): number;
  isNearChunks(heap: number, addr: number, granules: number): number;
  startBreakAt(addr: number): number;
  undoAllocation(c: number): void;
  undoTcacheStruct(): void;
  placeChunk(heap: number, addr: number, nb: number): number;
  startUnlogged(heap: number, addr: number): number;
  useArena(arena: number): void;
  cutUnlogged(heap: number, addr: number): number;
  freeUnlogged(c: number): void;
  addPages(heap: number, from: number, to: number, planes: number): void;
  dropPages(heap: number, from: number, to: number): void;
  clearSums(): void;
  sumHeap(heap: number): void;
  moveStruct(c: number): void;
  sumPages(heap: number, first: number): void;
  beginReplay(trimEvery: number): void;
  /** bits, see core/batch.ts */
  neededColumns(from: number, to: number): number;
  run(from: number, to: number): void;
  settle(): void;
  recordRss(event: number, time: number): number;
  trim(pad: number): void;
  finish(): void;
  endThread(thread: number): void;
  chunkOf(block: number): number;
  setChunk(block: number, c: number): void;
}

/** What core/host.ts asks the process whose core it is. Arenas are addresses. */
export interface CoreHost {
  sharesArena(): boolean;
  sharesMainArena(): boolean;
  /** 0: unknown; 1: a new one */
  arenaShown(): number;
  choseArena(list: number, count: number): void;
  isMapped(arena: number, bytes: number, mapped: boolean): boolean;
  trylock(): boolean;
  raised(mmapThreshold: number, trimThreshold: number): void;
  applyMallopt(parameter: number, value: number): void;
  dropped(heap: number, from: number, to: number): void;
  /** The core has got an instance: writes what the image does not have. */
  attached(instance: Instance): void;
}

/** What the replay's part of core/host.ts asks; `row`: of an event in the batch. */
export interface ReplayHost {
  foundReuse(row: number): void;
  foundPeak(planes: number): void;
  beforeEvent(row: number): void;
  beforeCall(row: number): void;
  freeUnlogged(row: number): void;
  place(c: number, row: number): number;
  closePoint(): void;
}

/** One instance of the module, whose memory holds one model at a time. */
export class Instance extends StateInstance<CoreCalls> {
  /** Its process may no longer be in use: then it is soon the one used longest ago. */
  declare owner: Core | null;
  /** by bit number of the plane, see Resident */
  declare residentPages: Float64Array;
  declare returnedPages: Float64Array;

  /** @throws RangeError the system has no addresses for another memory */
  constructor() {
    super("ptmalloc");
  }

  override renewViews(): void {
    super.renewViews();
    const { buffer } = this.calls.memory;
    this.residentPages = new Float64Array(buffer, RESIDENT_PAGES, PLANES);
    this.returnedPages = new Float64Array(buffer, RETURNED_PAGES, PLANES);
  }

  override imports(): object {
    const core = (): Core => {
      if (this.owner === null) {
        throw new Error("a call of a core that no process owns");
      }
      return this.owner;
    };
    const host = () => core().host;
    const replay = (): ReplayHost => {
      const { replayHost } = core();
      if (replayHost === null) {
        throw new Error("a call of a core that nothing replays");
      }
      return replayHost;
    };
    const answers = {
      sharesArena: () => host().sharesArena(),
      sharesMainArena: () => host().sharesMainArena(),
      arenaShown: () => host().arenaShown(),
      choseArena: (list: number, count: number) => host().choseArena(list >>> 0, count),
      isMapped: (arena: number, bytes: number, mapped: number) =>
        host().isMapped(arena >>> 0, bytes, mapped !== 0),
      trylock: () => host().trylock(),
      raised: (mmapThreshold: number, trimThreshold: number) =>
        host().raised(mmapThreshold, trimThreshold),
      applyMallopt: (parameter: number, value: number) => host().applyMallopt(parameter, value),
      dropped: (heap: number, from: number, to: number) => host().dropped(heap, from, to),
      foundReuse: (row: number) => replay().foundReuse(row),
      foundPeak: (planes: number) => replay().foundPeak(planes),
      beforeEvent: (row: number) => replay().beforeEvent(row),
      beforeCall: (row: number) => replay().beforeCall(row),
      freeUnlogged: (row: number) => replay().freeUnlogged(row),
      place: (c: number, row: number) => replay().place(c, row),
      closePoint: () => replay().closePoint(),
    };
    return { host: answers };
  }
}

/** Most models of a thread that are attached: more cost a short log more time, in memory and its garbage, than turns do. */
const MOST_INSTANCES = 8;

const pool = new InstancePool(MOST_INSTANCES, () => new Instance());

/** A model's memory. */
export class Core extends StateOwner<Instance> {
  readonly host: CoreHost;
  #replayHost: ReplayHost | null = null;
  /** its memory was given to a copy */
  #isGone = false;

  /** `image`: null for a new process, whose memory is to be initialised */
  constructor(host: CoreHost, image: StateImage | null) {
    super(pool, image);
    this.host = host;
  }

  /** null: no replay runs */
  get replayHost(): ReplayHost | null {
    return this.#replayHost;
  }

  /** Makes a call that asks `host`, which may use other cores: none of them parks this one. */
  replay(host: ReplayHost, call: (calls: CoreCalls) => void): void {
    const instance = this.attached;
    this.#replayHost = host;
    instance.isRunning = true;
    try {
      call(instance.calls);
    } finally {
      instance.isRunning = false;
      this.#replayHost = null;
    }
  }

  /** A copy, parked, for a copy of the process: `host`. */
  copy(host: CoreHost): Core {
    return new Core(host, this.image(null));
  }

  /** A copy in the memory of `recycled`, whose process is no longer in use. It is parked unless both are attached. */
  copyInto(host: CoreHost, recycled: Core): Core {
    const { instance, image } = recycled.release();
    recycled.#isGone = true;
    if (instance === null || this.instance === null) {
      return new Core(host, this.image(image));
    }
    const copy = new Core(host, null);
    instance.loadFrom(this.instance);
    copy.own(instance);
    return copy;
  }

  override begin(instance: Instance): void {
    if (this.#isGone) {
      throw new Error("a process is used whose memory another one has taken");
    }
    instance.clear();
  }

  override own(instance: Instance): void {
    super.own(instance);
    this.host.attached(instance);
  }
}
