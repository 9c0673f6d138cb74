import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { circlesOf, importsOf } from "./support/imports.ts";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

interface Rule {
  readonly mayImport: readonly string[];
  readonly packages: readonly string[];
}

/** The table of folders in src/README.md. */
function rules(): Map<string, Rule> {
  const readme = readFileSync(join(SRC, "README.md"), "utf8");
  const rows = readme
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, folder = ""]) => /^`[\w-]+`$/.test(folder));
  return new Map(
    rows.map(([, folder = "", , mayImport = "", packages = ""]) => [
      folder.slice(1, -1),
      {
        mayImport: [...mayImport.matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name),
        packages: packages.split(", ").filter((name) => name !== ""),
      },
    ]),
  );
}

const RULES = rules();

/** Folders that compute: they see no file, no stream and no clock. */
const PURE = [
  "trace",
  "ptmalloc",
  "replay",
  "recorded",
  "what-if",
  "insight",
  "summary",
  "diff",
  "budget",
];

/** The one file that reads the package's name and version. */
const OF_PACKAGE = join("cli", "version.ts");

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({
    name,
    folder: name.split(sep)[0] ?? "",
    text: readFileSync(join(SRC, name), "utf8"),
  }));

describe("the layers of src/README.md", () => {
  it("cover every folder", () => {
    const folders = new Set(files.map(({ folder }) => folder));
    expect([...RULES.keys()].sort()).toEqual([...folders].sort());
  });

  it("have no circle between folders", () => {
    const graph = new Map([...RULES].map(([folder, { mayImport }]) => [folder, mayImport]));
    expect(circlesOf(graph)).toEqual([]);
  });

  it.each(files)("hold for $name", ({ name, folder, text }) => {
    const rule = RULES.get(folder);
    for (const { path } of importsOf(text)) {
      if (name === OF_PACKAGE && path === "../../package.json") {
        continue;
      }
      if (path.startsWith(".")) {
        const target = relative(SRC, resolve(SRC, dirname(name), path)).split(sep)[0];
        expect([folder, ...(rule?.mayImport ?? [])], `${name} imports ${path}`).toContain(target);
      } else if (path.startsWith("node:")) {
        expect(PURE, `${name} imports ${path}`).not.toContain(folder);
      } else {
        expect(rule?.packages, `${name} imports ${path}`).toContain(path);
      }
    }
  });
});

describe("the files of src", () => {
  /** What each file imports of src: everything, or values only. */
  const graphOf = (isWanted: (one: { isType: boolean }) => boolean) =>
    new Map(
      files.map(({ name, text }) => [
        name,
        importsOf(text)
          .filter(isWanted)
          .filter(({ path }) => path.startsWith(".") && path.endsWith(".ts"))
          .map(({ path }) => relative(SRC, resolve(SRC, dirname(name), path))),
      ]),
    );

  it("import no values in a circle, but for the model's", () => {
    const circles = circlesOf(graphOf(({ isType }) => !isType));
    expect(circles.filter((circle) => circle.some((name) => !name.startsWith("ptmalloc")))).toEqual(
      [],
    );
  });

  it("keep circles of types within one folder", () => {
    const across = circlesOf(graphOf(() => true)).filter(
      (circle) => new Set(circle.map((name) => name.split(sep)[0])).size > 1,
    );
    expect(across).toEqual([]);
  });

  it("that replay what-ifs import nothing of replay/pointers", () => {
    const graph = graphOf(({ isType }) => !isType);
    const reached = new Set<string>();
    const visit = (name: string): void => {
      if (reached.has(name)) {
        return;
      }
      reached.add(name);
      for (const next of graph.get(name) ?? []) {
        visit(next);
      }
    };
    visit(join("pipeline", "threads", "what-if-worker.ts"));
    expect([...reached].filter((name) => name.startsWith(join("replay", "pointers")))).toEqual([]);
    expect([...reached].filter((name) => name.startsWith("recorded"))).toEqual([]);
  });

  it("outside cli/ do not see the process", () => {
    const seeing = files.filter(
      ({ folder, text }) => folder !== "cli" && /(?<![\w-])process\s*\.\s*(?!text)\w/.test(text),
    );
    expect(seeing.map(({ name }) => name)).toEqual([]);
  });

  it("have at most 400 lines", () => {
    const long = files.filter(({ text }) => text.split("\n").length > 400);
    expect(long.map(({ name }) => name)).toEqual([]);
  });

  it("have names of their own, but for those that every command or folder has, and a core and its facade", () => {
    const shared = ["index.ts", "options.ts", "run.ts"];
    const outside = files.filter(({ name }) => !name.includes(`${sep}core${sep}`));
    const bases = outside.map(({ name }) => name.split(sep).at(-1) ?? "");
    const twice = bases.filter((base, i) => bases.indexOf(base) < i && !shared.includes(base));
    expect(twice).toEqual([]);
  });
});
