import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build, type Plugin, type RolldownOutput } from "rolldown";
import { manual } from "./src/cli/manual/manual.ts";
import { VERSION } from "./src/cli/version.ts";
import { FORMAT_NAMES } from "./src/input/formats/input-format-names.ts";
import { Shape } from "./src/input/formats/native/calls.ts";
import { BuildError, compileNative } from "./src/native/compile-native.ts";
import { HOOK_ARCHES } from "./src/native/hook-arches.ts";
import { fileOf, HOOK, REPLAYER } from "./src/native/native-programs.ts";
import { Action } from "./src/trace/actions.ts";
import { Op } from "./src/trace/event.ts";

/**
 * Builds the package: `dist/node`, which bin/mallog.js starts, and `dist/page`, which the HTML writer embeds. Both contain
 * the packages they use: an installed mallog has no dependencies, and its start resolves none.
 *
 * `dist/node` is two folders below the package, like `src/report`. So the relative URLs of the files that src/report reads
 * at run time are the same in the source and in the bundle. It is CommonJS: Node starts it without its loader of ES modules,
 * which would add a tenth to a fifth of the time of `node -e 0`.
 */

/** The files that Node starts, by their names in dist/node; the rest of src goes into chunks that they share. */
const ENTRIES = {
  main: "src/cli/main.ts",
  "reading-worker": "src/pipeline/threads/reading-worker.ts",
  "what-if-worker": "src/pipeline/threads/what-if-worker.ts",
};

/** mallog itself decides whether to colour (src/cli): chalk need not detect it. */
const noDetection: Plugin = {
  name: "no-detection",
  resolveId: {
    filter: { id: /^#supports-color$/ },
    handler: (_, importer) =>
      importer === undefined ? null : join(importer, "../vendor/supports-color/browser.js"),
  },
};

/** commander can start other programs, which mallog does not use: loading that module would cost time at start. */
const noChildProcess: Plugin = {
  name: "no-child-process",
  resolveId: {
    filter: { id: /^node:child_process$/ },
    handler: (_, importer) => (importer?.includes("/node_modules/commander/") ? "\0empty" : null),
  },
  load: { filter: { id: /^\0empty$/ }, handler: () => "module.exports = {};" },
};

const ENUMERATIONS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Action,
  Op,
  Shape,
};

/**
 * Writes members of enumerations as numbers. Chunks read the constants of other chunks by getters, which would cost a tenth
 * of the time of a replay.
 */
const literalMembers: Plugin = {
  name: "literal-members",
  transform: {
    filter: { id: /\/src\/.*\.ts$/ },
    handler: (code) => ({
      code: code.replace(/\b(Action|Op|Shape)\.(\w+)/g, (access, name, member) =>
        String(ENUMERATIONS[name]?.[member] ?? access),
      ),
      // A replacement moves no line.
      map: null,
    }),
  },
};

/** Writes the names of formats as text: the command line needs them at its start, and not what reads the formats. */
const formatNames: Plugin = {
  name: "format-names",
  load: {
    filter: { id: /\/input-format-names\.ts$/ },
    handler: () => `export const FORMAT_NAMES = ${JSON.stringify(FORMAT_NAMES)};`,
  },
};

rmSync("dist", { recursive: true, force: true });
// Compiles what is not there.
await import("./build-wasm.ts");
const [{ output }] = await Promise.all([
  build({
    input: ENTRIES,
    platform: "node",
    transform: { target: "node20.19" },
    resolve: {
      // jsonc-parser's main is UMD, whose requires rolldown cannot follow.
      mainFields: ["module", "main"],
    },
    // Constants, too, are numbers in the chunks that use them, and so are constants made of two others.
    optimization: { inlineConst: { mode: "all", pass: 3 } },
    plugins: [formatNames, literalMembers, noDetection, noChildProcess],
    output: {
      dir: "dist/node",
      format: "cjs",
      strict: true,
      // Keeps names, for stack traces and profiles.
      minify: { compress: true, mangle: false, codegen: true },
      sourcemap: true,
      codeSplitting: {
        groups: [
          // Functions that call each other for every event: between two chunks each call would be a getter's, too. What
          // the worker that reads needs is apart.
          { name: "model", test: /\/src\/(ptmalloc|recorded|replay|trace|what-if)\// },
          {
            name: "event",
            test: /\/src\/(trace\/(columns|event|stated\/(caller-names|mark-labels))|wasm\/wasm-module)\.ts$/,
            priority: 1,
          },
        ],
      },
    },
  }),
  build({
    input: "src/report/html/browser/page.ts",
    platform: "browser",
    transform: { target: "es2022" },
    output: { file: "dist/page/page.js", format: "iife", strict: true, minify: true },
  }),
]);
writeFileSync("dist/page/page.css", styleOf("src/report/html/browser/page.css"));
cpSync("src/report/report.schema.json", "dist/report/report.schema.json");
cpSync("src/report/inspection.schema.json", "dist/report/inspection.schema.json");
cpSync("src/report/measurements.schema.json", "dist/report/measurements.schema.json");
cpSync("src/report/sweep.schema.json", "dist/report/sweep.schema.json");
cpSync("src/report/diff.schema.json", "dist/report/diff.schema.json");
for (const name of [...HOOK.files, ...REPLAYER.files]) {
  cpSync(`src/native/${name}`, `dist/native/${name}`);
}
buildNative();
writeFileSync(
  "dist/mallog.1",
  manual({ version: VERSION, date: new Date().toISOString().slice(0, 10) }),
);
cpSync("bin/package.json", "dist/package.json");
writeFileSync("dist/node/LICENSES.txt", licensesOf(output));

/** The hook and the replayer for each machine that there is a compiler for; what is not there is built by its user's. */
function buildNative(): void {
  for (const program of [HOOK, REPLAYER]) {
    for (const arch of HOOK_ARCHES) {
      try {
        compileNative(program, arch, `dist/native/${fileOf(program, arch)}`, process);
      } catch (error) {
        if (!(error instanceof BuildError)) {
          throw error;
        }
        console.warn(`The package has no ${program.name} for ${arch}: ${error.message}`);
      }
    }
  }
}

/** The licences of all packages in the bundle, which must accompany every copy. */
function licensesOf(files: RolldownOutput["output"]): string {
  const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/;
  const modules = files.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
  const folders = new Set(modules.flatMap((id) => folder.exec(id)?.[0] ?? []));
  return [...folders].map(licenseIn).join("\n");
}

/** @throws Error the package has no licence */
function licenseIn(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) {
    throw new Error(`${folder} has no licence`);
  }
  const name = folder.split("/node_modules/").at(-1);
  return `${name}\n\n${readFileSync(join(folder, file), "utf8")}`;
}

/** A stylesheet with its imports inlined, without comments and indentation. */
function styleOf(file: string): string {
  const { resolve } = createRequire(join(import.meta.dirname, file));
  return readFileSync(file, "utf8")
    .replace(/\/\*.*?\*\//gs, "")
    .replace(/^\s+/gm, "")
    .replace(/^@import "(.+)";$/gm, (_, imported: string) => styleOf(resolve(imported)));
}
