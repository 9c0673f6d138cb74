import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Compiles the parts of src that are written in AssemblyScript. What runs from the sources, without `npm run build`, loads
 * this file first (`--import ./build-wasm.ts`): modules that are older than their sources are compiled again.
 */

interface WasmModule {
  /** the file that exports what the module offers; the module's other files are in its folder, and in those of `with` */
  readonly entry: string;
  readonly with: readonly string[];
  /** src/wasm/wasm-module.ts loads dist/wasm/<name>.wasm */
  readonly name: string;
  /** options of asc besides OPTIONS */
  readonly options?: readonly string[];
}

const STORE = "src/wasm/core";

export const WASM_MODULES: readonly WasmModule[] = [
  { entry: "src/input/formats/native/core/scan-window.ts", with: [], name: "scan" },
  {
    entry: "src/replay/core/replay.ts",
    with: ["src/ptmalloc/core", STORE],
    name: "ptmalloc",
    // The singletons are below 4096, the batch in the first MiB (src/ptmalloc/core/model.ts).
    options: ["--memoryBase", "4096", "--initialMemory", "20"],
  },
  {
    entry: "src/trace/ledger/core/ledger.ts",
    with: [STORE],
    name: "ledger",
    // The state is below 4096, the batch in the first MiB (src/trace/ledger/core/ledger-state.ts).
    options: ["--memoryBase", "4096", "--initialMemory", "18"],
  },
  {
    entry: "src/what-if/core/orders.ts",
    with: ["src/replay/core", STORE],
    name: "orders",
    // The store has its fields below 4096, and begins after the first MiB.
    options: ["--memoryBase", "4096", "--initialMemory", "17"],
  },
];

const OPTIONS = ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort="];

const ROOT = dirname(fileURLToPath(import.meta.url));

await buildWasm(WASM_MODULES.filter(isStale));

/** @throws Error a module does not compile */
async function buildWasm(modules: readonly WasmModule[]): Promise<void> {
  if (modules.length === 0) {
    return;
  }
  const { default: asc } = await import("assemblyscript/asc");
  for (const { entry, name, options = [] } of modules) {
    mkdirSync(`${ROOT}/dist/wasm`, { recursive: true });
    // Another process may compile the same module now, or load it.
    const output = `dist/wasm/${name}.${process.pid}.wasm`;
    const { error, stderr } = await asc.main([
      ...[entry, "-o", output, "--baseDir", ROOT],
      ...OPTIONS,
      ...options,
    ]);
    if (error !== null) {
      throw new Error(`${entry} does not compile:\n${stderr.toString()}`);
    }
    renameSync(`${ROOT}/${output}`, `${ROOT}/${outputOf(name)}`);
  }
}

function outputOf(name: string): string {
  return `dist/wasm/${name}.wasm`;
}

function isStale({ entry, with: others, name }: WasmModule): boolean {
  const output = `${ROOT}/${outputOf(name)}`;
  if (!existsSync(output)) {
    return true;
  }
  const folders = [dirname(entry), ...others].map((folder) => `${ROOT}/${folder}`);
  const sources = folders.flatMap((folder) =>
    readdirSync(folder).map((file) => `${folder}/${file}`),
  );
  const newest = Math.max(...[...sources, fileURLToPath(import.meta.url)].map(modifiedAt));
  return newest > modifiedAt(output);
}

function modifiedAt(path: string): number {
  return statSync(path).mtimeMs;
}
