import type { Owner, PooledInstance } from "./instance-pool.ts";
import { HEAD_BYTES, imageOf, STORE, type StateImage } from "./state-image.ts";
import { instantiate, outOfMemory, type WasmName } from "./wasm-module.ts";

/** What a module with a store exports (core/store.ts), besides its own calls. */
interface StoreCalls {
  readonly memory: WebAssembly.Memory;
}

/** core/store.ts: index of the word with the end of the memory in use; 0: nothing is */
export const LIMIT = 3936 / 4;

/** Bytes of a page of WebAssembly. */
const WASM_PAGE = 65536;

/**
 * One instance of a module. Its memory holds one state at a time. The views are replaced when the memory grows: keep none
 * across a call.
 */
export abstract class StateInstance<Calls extends StoreCalls = StoreCalls>
  implements PooledInstance
{
  readonly calls: Calls;
  /** whose state is in the memory */
  owner: Owner | null = null;
  lastUse = 0;
  isRunning = false;
  declare u8: Uint8Array;
  declare i32: Int32Array;
  declare f64: Float64Array;

  /** @throws RangeError the system has no addresses for another memory */
  constructor(name: WasmName) {
    this.calls = instantiate<Calls>(name, {
      "store-host": { grew: () => this.renewViews(), outOfMemory },
      ...this.imports(),
    });
    this.renewViews();
  }

  /** What the module imports besides, by file and name. The constructor calls it. */
  abstract imports(): object;

  /** Bytes of the state's image. */
  get imageBytes(): number {
    return HEAD_BYTES + this.#end - STORE;
  }

  get #end(): number {
    return this.i32[LIMIT]! >>> 0;
  }

  /** The image of the state, see `imageOf`. */
  image(recycled: StateImage | null): StateImage {
    return imageOf(this, this.imageBytes, recycled);
  }

  load(image: StateImage): void {
    this.#makeRoom(STORE + image.length - HEAD_BYTES);
    image.writeTo(this);
  }

  /** Loads the image of the state in another instance. */
  loadFrom(other: StateInstance): void {
    this.#makeRoom(other.#end);
    this.u8.set(other.u8.subarray(0, HEAD_BYTES));
    this.u8.set(other.u8.subarray(STORE, other.#end), STORE);
  }

  clear(): void {
    this.u8.fill(0, 0, HEAD_BYTES);
  }

  /** The constructor calls it, too: a derived class only declares the views that it sets here. */
  renewViews(): void {
    const { buffer } = this.calls.memory;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  #makeRoom(bytes: number): void {
    const missing = bytes - this.u8.length;
    if (missing > 0) {
      this.calls.memory.grow(Math.ceil(missing / WASM_PAGE));
      this.renewViews();
    }
  }
}
