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
  // Two folders below the package, like test/fuzz: relative URLs stay the same.
  const dir = fileURLToPath(new URL("../../dist/fuzz", import.meta.url));
  await build({
    input: { "try-seeds": fileURLToPath(new URL("try-seeds.ts", import.meta.url)) },
    platform: "node",
    resolve: { mainFields: ["module", "main"] },
    plugins: [smallBatches],
    output: { dir, format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" },
  });
  return `${dir}/try-seeds.mjs`;
}
