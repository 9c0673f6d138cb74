import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Chance } from "./chance.ts";

const FOLDER = fileURLToPath(new URL("../../fixtures/corpus", import.meta.url));

/** Lines kept of each log. */
const KEPT = 5000;

/** The logs by name, each read when it is first needed. */
const logs = new Map<string, readonly string[]>();

const names = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

function linesOf(name: string): readonly string[] {
  const known = logs.get(name);
  if (known !== undefined) {
    return known;
  }
  const lines = gunzipSync(readFileSync(join(FOLDER, name, "trace.log.gz")))
    .toString("latin1")
    .split("\n", KEPT);
  logs.set(name, lines);
  return lines;
}

/** At most `most` lines of a recorded log: its head, or some from within, as of a log that began late. */
export function recorded(chance: Chance, most: number): string[] {
  const lines = linesOf(chance.pick(names));
  const count = Math.min(1 + chance.below(chance.pick([20, 80, 300])), most);
  const from = chance.happens(0.5) ? 0 : chance.below(Math.max(1, lines.length - count));
  return lines.slice(from, from + count);
}
