import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chunkReads, loadedChunks } from "./support/chunk-reads.ts";
import { MALLOG } from "./support/mallog-command.ts";

const FOLDER = join(MALLOG, "../../dist/node");

/** The chunks that Node starts: loading one, or a chunk that loads one, would start the command line or a worker. */
const STARTED = ["main.js", "reading-worker.js", "what-if-worker.js"];

/** The folders of src whose functions run for each event, or for each batch of them. */
const HOT = ["input", "ptmalloc", "recorded", "replay", "trace", "what-if"];

const require = createRequire(import.meta.url);
const chunks = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".js"))
    .map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]),
);

it("chunks read no constants of each other: a getter's call for each use would slow down every replay", () => {
  const read = [...chunks.keys()].flatMap(constantsReadIn);
  expect([...new Set(read)].sort()).toEqual([
    // ANY_CALLER: not a literal, and read where a report is made.
    "-Infinity",
  ]);
});

describe("what functions read of other chunks", () => {
  const reads = [...chunks.keys()]
    .flatMap((name) => chunkReads(join(FOLDER, name)))
    .filter(({ inFunction }) => inFunction)
    .map(({ source, from, key }) => {
      const exported = exportsOf(from);
      return { text: `${source}: ${nameOf(exported, key)}`, source, value: exported[key] };
    });

  it("is found", () => {
    expect(reads.map(({ text }) => text)).toContain("replay/work.ts: copyColumns");
  });

  it.each(HOT)("%s/: only functions and classes", (folder) => {
    const constants = reads
      .filter(({ source }) => source.startsWith(`${folder}/`))
      .filter(({ value }) => typeof value !== "function");
    expect(constants.map(({ text }) => text)).toEqual([]);
  });
});

it("the model and its replays are one chunk, which needs no other but that of the events", () => {
  const model = [...chunks.keys()].find((name) => name.startsWith("model-")) ?? "";
  expect(loadedBy("what-if-worker.js").map(({ from }) => from)).toEqual([model]);
  expect(loadedBy(model).map(({ from }) => from)).toEqual([expect.stringMatching(/^event-/)]);
});

it("the command line starts without the model", () => {
  const loaded = allLoadedBy("main.js");
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.filter((name) => name.startsWith("model-"))).toEqual([]);
});

it("the command line starts with the names of formats, and without what reads them", () => {
  const loaded = ["main.js", ...allLoadedBy("main.js")].map((name) => chunks.get(name) ?? "");
  expect(loaded.some((text) => text.includes("json-lines"))).toBe(true);
  expect(loaded.filter((text) => text.includes("class JsonLinesReader"))).toEqual([]);
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
      const exported = exportsOf(from);
      return Object.keys(exported)
        .filter((key) => isConstant(exported[key]) && reads(name, `${variable}.${key}`))
        .map((key) => nameOf(exported, key));
    });
}

/** Without any of a chunk that starts something: a hot function has to read nothing there. */
function exportsOf(name: string): Record<string, unknown> {
  return startsSomething(name) ? {} : require(join(FOLDER, name));
}

/** The chunks that a chunk loads at once, and the variables for their exports. */
function loadedBy(name: string): { variable: string; from: string }[] {
  const loaded = loadedChunks(chunks.get(name) ?? "");
  return [...loaded].map(([variable, from]) => ({ variable, from }));
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

/** The name in the source, which the export's getter returns; the value, where it returns that. */
function nameOf(exported: object, key: string): string {
  const getter = Object.getOwnPropertyDescriptor(exported, key)?.get;
  return /return ([\w$]+)/.exec(String(getter))?.[1] ?? String(getter?.());
}
