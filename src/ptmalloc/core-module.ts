import { InstancePool } from "../wasm/instance-pool.ts";
import { HEAD_BYTES, imageOf, STORE, type StateImage } from "../wasm/state-image.ts";
import { instantiate, outOfMemory } from "../wasm/wasm-module.ts";
import { MODEL, RESIDENT_PAGES, RETURNED_PAGES } from "./core-layout.ts";
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
  foundPeak(planes: number): void;
  beforeEvent(row: number): void;
  beforeCall(row: number): void;
  freeUnlogged(row: number): void;
  place(c: number, row: number): number;
  closePoint(): void;
}

/**
 * One instance of the module. Its memory holds one model at a time. The views are replaced when the memory grows: keep none
 * across a call.
 */
export class Instance {
  readonly calls: CoreCalls;
  /** the core whose model is in the memory; its process may no longer be in use: then it is soon the one used longest ago */
  owner: Core | null = null;
  lastUse = 0;
  isRunning = false;
  u8!: Uint8Array;
  i32!: Int32Array;
  f64!: Float64Array;
  /** by bit number of the plane, see Resident */
  residentPages!: Float64Array;
  returnedPages!: Float64Array;

  /** @throws RangeError the system has no addresses for another memory */
  constructor() {
    this.calls = instantiate<CoreCalls>("ptmalloc", { host: this.#host() });
    this.#renewViews();
  }

  /** Bytes of the model's image. */
  get imageBytes(): number {
    return HEAD_BYTES + this.#end - STORE;
  }

  get #end(): number {
    return this.i32[MODEL.limit]! >>> 0;
  }

  /** The image of the model, see `imageOf`. */
  image(recycled: StateImage | null): StateImage {
    return imageOf(this, this.imageBytes, recycled);
  }

  load(image: StateImage): void {
    this.#makeRoom(STORE + image.length - HEAD_BYTES);
    image.writeTo(this);
  }

  /** Loads the image of the model in another instance. */
  loadFrom(other: Instance): void {
    this.#makeRoom(other.#end);
    this.u8.set(other.u8.subarray(0, HEAD_BYTES));
    this.u8.set(other.u8.subarray(STORE, other.#end), STORE);
  }

  clear(): void {
    this.u8.fill(0, 0, HEAD_BYTES);
  }

  #makeRoom(bytes: number): void {
    const missing = bytes - this.u8.length;
    if (missing > 0) {
      this.calls.memory.grow(Math.ceil(missing / WASM_PAGE));
      this.#renewViews();
    }
  }

  #renewViews(): void {
    const { buffer } = this.calls.memory;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.residentPages = new Float64Array(buffer, RESIDENT_PAGES, PLANES);
    this.returnedPages = new Float64Array(buffer, RETURNED_PAGES, PLANES);
  }

  #host() {
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
    return {
      grew: () => this.#renewViews(),
      outOfMemory,
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
      foundPeak: (planes: number) => replay().foundPeak(planes),
      beforeEvent: (row: number) => replay().beforeEvent(row),
      beforeCall: (row: number) => replay().beforeCall(row),
      freeUnlogged: (row: number) => replay().freeUnlogged(row),
      place: (c: number, row: number) => replay().place(c, row),
      closePoint: () => replay().closePoint(),
    };
  }
}

/** Bytes of a page of WebAssembly. */
const WASM_PAGE = 65536;

/** Most models of a thread that are attached. */
const MOST_INSTANCES = 32;

const pool = new InstancePool(MOST_INSTANCES, () => new Instance());

/**
 * A model's memory. It is attached, in an instance of the module, or parked: an image of the bytes in use. Whoever uses a
 * parked one attaches it; the one that was used longest ago is then parked.
 */
export class Core {
  readonly host: CoreHost;
  #replayHost: ReplayHost | null = null;
  #instance: Instance | null = null;
  #image: StateImage | null;
  /** its memory was given to a copy */
  #isGone = false;

  /** `image`: null for a new process, whose memory is to be initialised */
  constructor(host: CoreHost, image: StateImage | null) {
    this.host = host;
    this.#image = image;
  }

  /** The instance that holds the model. Another use of any core may park it. */
  get attached(): Instance {
    const instance = this.#instance ?? this.#attach();
    pool.use(instance);
    return instance;
  }

  /** The same; null while the model is parked. */
  get instance(): Instance | null {
    return this.#instance;
  }

  get calls(): CoreCalls {
    return this.attached.calls;
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

  /** Bytes of the image. */
  get imageBytes(): number {
    return this.#image?.length ?? this.attached.imageBytes;
  }

  /** A copy, parked, for a copy of the process: `host`. */
  copy(host: CoreHost): Core {
    return new Core(host, this.#imageFor(null));
  }

  /** A copy in the memory of `recycled`, whose process is no longer in use. It is parked unless both are attached. */
  copyInto(host: CoreHost, recycled: Core): Core {
    const instance = recycled.#release();
    const image = recycled.#image;
    recycled.#image = null;
    recycled.#isGone = true;
    if (instance === null || this.#instance === null) {
      return new Core(host, this.#imageFor(image));
    }
    const copy = new Core(host, null);
    instance.loadFrom(this.#instance);
    copy.#own(instance);
    return copy;
  }

  /** Parks the model. */
  park(): void {
    if (this.#instance !== null) {
      this.#image = this.#instance.image(null);
      this.#release();
    }
  }

  /** An image for a copy, in the memory of `recycled` where that serves. */
  #imageFor(recycled: StateImage | null): StateImage {
    return this.#image?.copy(recycled) ?? this.attached.image(recycled);
  }

  #release(): Instance | null {
    const instance = this.#instance;
    if (instance !== null) {
      instance.owner = null;
      this.#instance = null;
    }
    return instance;
  }

  #attach(): Instance {
    if (this.#isGone) {
      throw new Error("a process is used whose memory another one has taken");
    }
    const instance = pool.take();
    if (this.#image === null) {
      instance.clear();
    } else {
      instance.load(this.#image);
      this.#image = null;
    }
    this.#own(instance);
    return instance;
  }

  #own(instance: Instance): void {
    instance.owner = this;
    pool.use(instance);
    this.#instance = instance;
    this.host.attached(instance);
  }
}
