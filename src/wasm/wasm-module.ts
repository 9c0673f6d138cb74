import { readFileSync } from "node:fs";

/** The modules that build-wasm.ts compiles from AssemblyScript. */
export type WasmName = "scan" | "ptmalloc" | "ledger" | "orders";

/** The compiled modules of this thread. */
const modules = new Map<WasmName, WebAssembly.Module>();

/**
 * Returns what a new instance of a module exports. `Exports` must be what its source exports, and `imports` what it imports,
 * by file and name: nothing checks it.
 * @throws RangeError the system has no addresses for its memory
 * @throws Error of the system: the module is not built
 */
export function instantiate<Exports>(name: WasmName, imports?: object): Exports {
  let module = modules.get(name);
  if (module === undefined) {
    // The relative path is the same from src/wasm and from dist/node.
    const bytes = readFileSync(new URL(`../../dist/wasm/${name}.wasm`, import.meta.url));
    module = new WebAssembly.Module(bytes);
    modules.set(name, module);
  }
  return new WebAssembly.Instance<Exports>(module, imports).exports;
}

/**
 * What modules import to end where they get no memory: a trap would not say why.
 * @throws RangeError always, as where the system refuses memory to V8
 */
export function outOfMemory(): never {
  throw new RangeError("WebAssembly: out of memory");
}
