import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";
import { MALLOG } from "./support/mallog-command.ts";

const FOLDER = join(MALLOG, "../../dist/node");

/** The chunks that Node starts: loading one, or a chunk that loads one, would start the command line or a worker. */
const STARTED = ["main.js", "reading-worker.js", "what-if-worker.js"];

const require = createRequire(import.meta.url);
const chunks = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".js"))
    .map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]),
);

it("chunks read no constants of each other: a getter's call for each use would slow down every replay", () => {
  const read = [...chunks.keys()].flatMap(constantsReadIn);
  expect([...new Set(read)].sort()).toEqual([
    // Not a literal, and read where a report is made.
    "ANY_CALLER",
  ]);
});

it("the model and its replays are one chunk, which needs no other but that of the events", () => {
  const model = [...chunks.keys()].find((name) => name.startsWith("model-")) ?? "";
  expect(loadedBy("what-if-worker.js").map(({ from }) => from)).toEqual([model]);
  expect(loadedBy(model).map(({ from }) => from)).toEqual([expect.stringMatching(/^event-/)]);
});

it("the thread that reads does not wait for the model to be loaded", () => {
  const loaded = allLoadedBy("reading-worker.js");
  expect(loaded).toContainEqual(expect.stringMatching(/^event-/));
  expect(loaded.filter((name) => name.startsWith("model-"))).toEqual([]);
});

/** The names of the numbers and enumerations that a chunk reads from another one's exports. */
function constantsReadIn(name: string): string[] {
  return loadedBy(name)
    .filter(({ from }) => !startsSomething(from))
    .flatMap(({ variable, from }) => {
      const exported: Record<string, unknown> = require(join(FOLDER, from));
      return Object.keys(exported)
        .filter((key) => isConstant(exported[key]) && reads(name, `${variable}.${key}`))
        .map((key) => nameOf(exported, key));
    });
}

/** The chunks that a chunk loads at once, and the variables for their exports. */
function loadedBy(name: string): { variable: string; from: string }[] {
  const loads = chunks.get(name)?.matchAll(/(\w+)=require\([`"]\.\/(.+?)[`"]\)/g) ?? [];
  return [...loads].map(([, variable = "", from = ""]) => ({ variable, from }));
}

/** The chunks that are loaded with a chunk, one by the other. */
function allLoadedBy(name: string): string[] {
  return loadedBy(name).flatMap(({ from }) => [from, ...allLoadedBy(from)]);
}

function startsSomething(name: string): boolean {
  return STARTED.includes(name) || loadedBy(name).some(({ from }) => startsSomething(from));
}

function reads(name: string, access: string): boolean {
  return new RegExp(`\\b${access}\\b`).test(chunks.get(name) ?? "");
}

function isConstant(value: unknown): boolean {
  return (
    typeof value === "number" ||
    (typeof value === "object" &&
      value !== null &&
      Object.values(value).every((member) => typeof member === "number"))
  );
}

/** The name in the source, which the export's getter returns. */
function nameOf(exported: object, key: string): string {
  const getter = Object.getOwnPropertyDescriptor(exported, key)?.get;
  return /return ([\w$]+)/.exec(String(getter))?.[1] ?? key;
}
