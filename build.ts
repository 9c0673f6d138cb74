import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";

/**
 * Makes what is shipped: `dist/node`, which bin/mallog.js starts, and `dist/page`, which the HTML writer puts into its
 * page. Both hold the packages they use: an installed mallog needs no other, and starts without looking for them.
 *
 * All of Node's side lies in one folder, two below the package's, as every folder of src does. Hence a file that is
 * read at run time is found by the same relative URL from a source and from what is built of it.
 */

/** What Node is told to start, by the name it gets in dist/node; the rest of src goes into chunks that they share. */
const ENTRIES = {
  main: "src/cli/main.ts",
  "reading-worker": "src/cli/reading-worker.ts",
  "what-if-worker": "src/cli/what-if-worker.ts",
};

/**
 * Packages require Node's modules, which an ES module cannot. They are handed them by the process. So is chalk, which
 * imports node:process: an ES import of it would read all its properties, and thereby open standard input.
 */
const builtins: Plugin = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z_/:]+$/ }, ({ path, kind }) => {
      if (!builtinModules.includes(path.replace(/^node:/, ""))) return undefined;
      const isAsked = kind === "require-call" || path === "node:process";
      return isAsked ? { path, namespace: "builtin" } : { path, external: true };
    });
    onLoad({ filter: /^/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/** chalk is always told whether to colour (src/cli/terminal.ts): it need not look at the terminal, too. */
const noDetection: Plugin = {
  name: "no-detection",
  setup({ onResolve }) {
    onResolve({ filter: /^#supports-color$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, "vendor/supports-color/browser.js"),
    }));
  },
};

rmSync("dist", { recursive: true, force: true });
const [node] = await Promise.all([
  build({
    entryPoints: ENTRIES,
    outdir: "dist/node",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    // jsonc-parser's main is UMD, whose requires cannot be followed.
    mainFields: ["module", "main"],
    // Names stay, for stack traces and profiles.
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: "linked",
    metafile: true,
    plugins: [builtins, noDetection],
    logLevel: "warning",
  }),
  build({
    entryPoints: ["src/report/html/browser/main.ts", "src/report/html/browser/page.css"],
    outdir: "dist/page",
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "inline",
    logLevel: "warning",
  }),
]);
cpSync("src/report/report.schema.json", "dist/report/report.schema.json");
writeFileSync("dist/node/LICENSES.txt", licensesOf(node.metafile));

/** The licences of all packages in the bundle, which ask to be with every copy. */
function licensesOf({ inputs }: Metafile): string {
  const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
  const folders = new Set(Object.keys(inputs).flatMap((path) => folder.exec(path)?.[0] ?? []));
  return [...folders].map(licenseIn).join("\n");
}

/** @throws Error a package without a licence */
function licenseIn(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`${folder} has no licence`);
  return `${folder.slice("node_modules/".length)}\n\n${readFileSync(join(folder, file), "utf8")}`;
}
