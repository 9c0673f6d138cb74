/** The parts of WebAssembly's interface that are used. TypeScript has them only with those of browsers. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance<Exports> {
    constructor(module: Module, imports?: object);
    readonly exports: Exports;
  }

  interface Memory {
    readonly buffer: ArrayBuffer;
    /** Adds pages of 64 KiB. */
    grow(pages: number): number;
  }

  interface Global {
    readonly value: number;
  }
}
