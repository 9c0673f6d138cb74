import { STORE, type StateImage } from "../../src/wasm/state-image.ts";

/** The memory of an instance that holds the state, and nothing else. */
export function bytesOf(image: StateImage): Buffer {
  const u8 = new Uint8Array(STORE + image.length);
  image.writeTo({ u8, i32: new Int32Array(u8.buffer) });
  return Buffer.from(u8.buffer);
}
