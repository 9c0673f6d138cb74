import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build, type Plugin, type RolldownOutput } from "rolldown";

/**
 * Makes what is shipped: `dist/node`, which bin/mallog.js starts, and `dist/page`, which the HTML writer puts into its
 * page. Both hold the packages they use: an installed mallog needs no other, and starts without looking for them.
 *
 * All of Node's side lies in one folder, two below the package's, as every folder of src does. Hence a file that is
 * read at run time is found by the same relative URL from a source and from what is built of it. It is CommonJS, which
 * Node starts without its loader of ES modules.
 */

/** What Node is told to start, by the name it gets in dist/node; the rest of src goes into chunks that they share. */
const ENTRIES = {
  main: "src/cli/main.ts",
  "reading-worker": "src/pipeline/threads/reading-worker.ts",
  "what-if-worker": "src/pipeline/threads/what-if-worker.ts",
};

/** chalk is always told whether to colour (src/cli/chalk-for.ts): it need not look at the terminal, too. */
const noDetection: Plugin = {
  name: "no-detection",
  resolveId: {
    filter: { id: /^#supports-color$/ },
    handler: (_, importer) =>
      importer === undefined ? null : join(importer, "../vendor/supports-color/browser.js"),
  },
};

/** commander can start other programs, which mallog never has it do: it need not wait for what that takes. */
const startsNothing: Plugin = {
  name: "starts-nothing",
  resolveId: {
    filter: { id: /^node:child_process$/ },
    handler: (_, importer) => (importer?.includes("/node_modules/commander/") ? "\0none" : null),
  },
  load: { filter: { id: /^\0none$/ }, handler: () => "module.exports = {};" },
};

rmSync("dist", { recursive: true, force: true });
const [{ output }] = await Promise.all([
  build({
    input: ENTRIES,
    platform: "node",
    transform: { target: "node20.19" },
    resolve: {
      // jsonc-parser's main is UMD, whose requires cannot be followed.
      mainFields: ["module", "main"],
    },
    plugins: [noDetection, startsNothing],
    output: {
      dir: "dist/node",
      format: "cjs",
      strict: true,
      // Names stay, for stack traces and profiles.
      minify: { compress: true, mangle: false, codegen: true },
      sourcemap: true,
    },
  }),
  build({
    input: "src/report/html/browser/main.ts",
    platform: "browser",
    transform: { target: "es2022" },
    output: { file: "dist/page/main.js", format: "iife", strict: true, minify: true },
  }),
]);
writeFileSync("dist/page/page.css", styleOf("src/report/html/browser/page.css"));
cpSync("src/report/report.schema.json", "dist/report/report.schema.json");
cpSync("bin/package.json", "dist/package.json");
writeFileSync("dist/node/LICENSES.txt", licensesOf(output));

/** The licences of all packages in the bundle, which ask to be with every copy. */
function licensesOf(files: RolldownOutput["output"]): string {
  const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/;
  const modules = files.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
  const folders = new Set(modules.flatMap((id) => folder.exec(id)?.[0] ?? []));
  return [...folders].map(licenseIn).join("\n");
}

/** @throws Error a package without a licence */
function licenseIn(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) {
    throw new Error(`${folder} has no licence`);
  }
  const name = folder.split("/node_modules/").at(-1);
  return `${name}\n\n${readFileSync(join(folder, file), "utf8")}`;
}

/** A stylesheet with those it imports in their places, without comments and indentation. */
function styleOf(file: string): string {
  const { resolve } = createRequire(join(import.meta.dirname, file));
  return readFileSync(file, "utf8")
    .replace(/\/\*.*?\*\//gs, "")
    .replace(/^\s+/gm, "")
    .replace(/^@import "(.+)";$/gm, (_, imported: string) => styleOf(resolve(imported)));
}
