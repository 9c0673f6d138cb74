import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/** The C programs, each with its source in this folder and its macros. */
const PROGRAMS: readonly { name: string; source?: string; macros?: readonly string[] }[] = [
  { name: "make-log" },
  { name: "make-calls", source: "make-log", macros: ["-DSILENT"] },
  { name: "parse-log" },
  { name: "native-replay" },
  { name: "measured" },
  { name: "busy" },
  { name: "allocate" },
];

const FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"];

function here(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Compiles all C programs into `folder`. A warning is an error. */
export function compilePrograms(folder: string): void {
  for (const { name, source = name, macros = [] } of PROGRAMS) {
    const files = ["-o", join(folder, name), here(`${source}.c`)];
    execFileSync("gcc", [...FLAGS, ...macros, ...files, "-pthread"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}

/** Where the bundle of model-replay.ts is in the folder: it loads ../../dist/wasm, as mallog does from dist/node. */
export const MODEL_REPLAY = "dist/node/model-replay.mjs";

/** Bundles model-replay.ts and its imports: timed code must not pass a loader. */
export async function bundleModelReplay(folder: string): Promise<void> {
  await build({
    input: here("model-replay.ts"),
    platform: "node",
    output: { file: join(folder, MODEL_REPLAY) },
  });
  cpSync(here("../../dist/wasm"), join(folder, "dist/wasm"), { recursive: true });
}
