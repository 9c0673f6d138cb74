import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/** The C programs of this folder. */
const PROGRAMS = ["make-log", "parse-log", "native-replay", "measured", "allocate"] as const;

const FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"];

function here(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Compiles all C programs into `folder`. A warning is an error. */
export function compilePrograms(folder: string): void {
  for (const name of PROGRAMS) {
    execFileSync("gcc", [...FLAGS, "-o", join(folder, name), here(`${name}.c`), "-pthread"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}

/** Bundles model-replay.ts and its imports: timed code must not pass a loader. */
export async function bundleModelReplay(folder: string): Promise<void> {
  await build({
    input: here("model-replay.ts"),
    platform: "node",
    output: { file: join(folder, "model-replay.mjs") },
  });
}
