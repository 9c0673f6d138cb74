import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** Data flows one way: each room of the house may import from these only, and from itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: [
    "pipeline",
    "summary",
    "what-if",
    "recorded",
    "replay",
    "input",
    "trace",
    "ptmalloc",
    "insight",
    "budget",
    "diff",
    "report",
  ],
  pipeline: [
    "summary",
    "what-if",
    "recorded",
    "replay",
    "input",
    "trace",
    "ptmalloc",
    "insight",
    "report",
    "cli",
  ],
  summary: ["pipeline", "what-if", "recorded", "replay", "trace", "ptmalloc", "insight", "report"],
  "what-if": ["recorded", "replay", "trace", "ptmalloc", "insight", "report"],
  recorded: ["what-if", "replay", "trace", "ptmalloc", "report"],
  budget: ["diff", "insight", "report"],
  diff: ["insight", "report"],
  replay: ["pipeline", "recorded", "trace", "ptmalloc", "insight", "report"],
  insight: ["trace", "ptmalloc", "report"],
  input: ["trace"],
  trace: [],
  ptmalloc: [],
  report: [],
};

/** Packages that a room may use; Node's own are free to all but the model and the ledger. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  cli: ["commander", "chalk", "jsonc-parser"],
  report: ["chalk", "cli-table3", "sarif", "uplot"],
  input: ["split2"],
};

/** The one file that reads what the package is called. */
const OF_PACKAGE = join("cli", "version.ts");

const SRC = fileURLToPath(new URL("../src", import.meta.url));

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({
    name,
    room: name.split(sep)[0] ?? "",
    text: readFileSync(join(SRC, name), "utf8"),
  }));

function importsOf(text: string): string[] {
  const statement =
    /^(?:import|export) (?:[\w*{}\s,]+ from )?"([^"]+)"(?: with \{[^}]*\})?;$|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(statement)].map(([, path, lazy]) => path ?? lazy ?? "");
}

describe("the layers", () => {
  it.each(files)("$name imports only what lies below it", ({ name, room, text }) => {
    const allowed = MAY_IMPORT[room];
    expect(allowed, `${room} is a room of the house`).toBeDefined();
    for (const path of importsOf(text)) {
      if (name === OF_PACKAGE && path === "../../package.json") {
        continue;
      }
      if (path.startsWith(".")) {
        const target = relative(SRC, resolve(SRC, dirname(name), path)).split(sep)[0];
        expect([room, ...(allowed ?? [])], `${name} imports ${path}`).toContain(target);
      } else if (path.startsWith("node:")) {
        expect(
          ["trace", "ptmalloc", "replay", "insight", "diff", "budget"],
          `${name} imports ${path}`,
        ).not.toContain(room);
      } else {
        expect(PACKAGES[room] ?? [], `${name} imports ${path}`).toContain(path);
      }
    }
  });

  it("only the command line sees the process", () => {
    const seeing = files.filter(
      ({ room, text }) => room !== "cli" && /\bprocess\s*\.\s*(?!text)\w/.test(text),
    );
    expect(seeing.map(({ name }) => name)).toEqual([]);
  });

  it("no file is long", () => {
    const long = files.filter(({ text }) => text.split("\n").length > 400);
    expect(long.map(({ name }) => name)).toEqual([]);
  });
});
