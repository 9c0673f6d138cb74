import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "rolldown";

/**
 * Rows of a batch while fuzzing. Batches of the usual size would hold every made-up log in one, and most of the time would
 * go into allocating them.
 */
const ROWS = 512;

const smallBatches: Plugin = {
  name: "small-batches",
  transform: {
    filter: { id: /\/src\/trace\/columns\.ts$/ },
    handler: (code) => code.replace(/(EVENTS_PER_BATCH = )\d+/, `$1${ROWS}`),
  },
};

/**
 * Bundles the program of a fuzzing thread, and returns its path. The loader of TypeScript asks another thread at every
 * import(), also of a module that is loaded: a tenth of the time of an input.
 */
export async function bundled(): Promise<string> {
  // Two folders below the package, like test/fuzz and src/report: relative URLs stay the same, or lead to dist.
  const dir = pathOf("../../dist/fuzz");
  cpSync(
    pathOf("../../src/report/report.schema.json"),
    pathOf("../../dist/report/report.schema.json"),
  );
  await build({
    input: { "try-seeds": pathOf("try-seeds.ts") },
    platform: "node",
    resolve: { mainFields: ["module", "main"] },
    plugins: [smallBatches],
    output: { dir, format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" },
  });
  return `${dir}/try-seeds.mjs`;
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
