import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { parseSync } from "rolldown/utils";

/** A place where a chunk of dist/node reads an export of another chunk. */
export interface ChunkRead {
  /** the chunk that exports it */
  readonly from: string;
  /** its short name in the other chunk's exports */
  readonly key: string;
  /** the source file of the place, from src/ on */
  readonly source: string;
  /** whether a function has it: all other code of a chunk runs once, when the chunk is loaded */
  readonly inFunction: boolean;
}

/** The variables of a chunk that hold the exports of another chunk, and that chunk's file. */
export function loadedChunks(code: string): ReadonlyMap<string, string> {
  const loads = code.matchAll(/([\w$]+)=require\([`"]\.\/(.+?)[`"]\)/g);
  return new Map([...loads].map(([, variable = "", from = ""]) => [variable, from]));
}

/** All places where the chunk in `path`, which has a source map beside it, reads an export of another chunk. */
export function chunkReads(path: string): ChunkRead[] {
  const code = readFileSync(path, "utf8");
  const sourceOf = sources(path, code);
  const loaded = loadedChunks(code);
  const reads: ChunkRead[] = [];
  walk(parseSync(path, code, { sourceType: "script" }).program, false, (node, inFunction) => {
    const { object, property, start } = node;
    const variable = identifier(object);
    const key = identifier(property);
    const from = variable === null ? undefined : loaded.get(variable);
    if (node.type === "MemberExpression" && from !== undefined && key !== null) {
      reads.push({ from, key, source: sourceOf(Number(start)), inFunction });
    }
  });
  return reads;
}

type Node = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}

function identifier(node: unknown): string | null {
  return isObject(node) && node.type === "Identifier" ? String(node.name) : null;
}

/** Visits a syntax tree; a field of an instance counts as a function, since each `new` computes it. */
function walk(
  node: unknown,
  inFunction: boolean,
  visit: (node: Node, inFunction: boolean) => void,
): void {
  if (!isObject(node)) {
    return;
  }
  visit(node, inFunction);
  const { type } = node;
  const inside =
    inFunction ||
    (typeof type === "string" && /Function/.test(type)) ||
    (type === "PropertyDefinition" && node.static === false);
  for (const child of Object.values(node)) {
    walk(child, inside, visit);
  }
}

/** Returns a function from an offset in the chunk to the source file, from src/ on. */
function sources(path: string, code: string): (offset: number) => string {
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, "utf8")));
  const starts = [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    const line = starts.findLastIndex((start) => start <= offset);
    const entry = map.findEntry(line, offset - starts[line]!);
    // Node gives undefined, which its types leave out, for what the bundler added.
    const source: string | undefined = "originalSource" in entry ? entry.originalSource : undefined;
    return source?.replace(/^.*?\bsrc\//, "") ?? "";
  };
}
