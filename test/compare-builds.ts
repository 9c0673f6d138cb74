import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Stripping } from "../fixtures/strip.ts";
import { Build, type Input } from "./compare/builds.ts";
import { firstDifference } from "./compare/first-difference.ts";
import { casesOf, NEXT_CORPUS, OWN_CORPUS, SHARED_CORPUS } from "./support/corpus.ts";

/**
 * npm run compare -- OLD NEW [LOG.gz…] [--only REGEX] [--cache DIR]
 *
 * Whether two builds print the same JSON reports, apart from their prose. OLD and NEW are checkouts that have been
 * built. The logs, by default all of both corpora, are given as they are and with parts removed; --only takes those
 * whose label fits. Prints a line for each report that differs, with the first difference, and exits with 1 if one
 * does. --cache keeps OLD's reports for the next comparison.
 */
const usage = "usage: npm run compare -- OLD NEW [LOG.gz…] [--only REGEX] [--cache DIR]";

const STRIPPINGS: ReadonlyMap<string, readonly Stripping[]> = new Map([
  ["as it is", []],
  ["without exits", ["exits"]],
  ["without marks", ["marks"]],
  ["without callers", ["caller"]],
  ["without times", ["time"]],
  ["without all of these", ["exits", "marks", "caller", "time"]],
  ["without all of these, pointers cut", ["events", "caller", "time", "cut"]],
]);

/** Each has workers besides. */
const PROCESSES = 2;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", default: "" }, cache: { type: "string" } },
});
const [oldCheckout, newCheckout, ...given] = positionals;
if (oldCheckout === undefined || newCheckout === undefined) {
  console.error(usage);
  process.exit(2);
}
const before = new Build(oldCheckout, values.cache ?? null);
const after = new Build(newCheckout, null);
const logs = given.length > 0 ? given.map((path) => resolve(path)) : logsOfCorpora();
const only = new RegExp(values.only);
const inputs = logs.flatMap(inputsFrom).filter(({ label }) => only.test(label));

let different = 0;
const queue = inputs.values();
await Promise.all(Array.from({ length: PROCESSES }, compareRest));
console.log(`${inputs.length} reports compared, ${different} differ`);
process.exitCode = different > 0 ? 1 : 0;

async function compareRest(): Promise<void> {
  for (const input of queue) {
    const [old, now] = [await before.outcome(input), await after.outcome(input)];
    const difference =
      old.exitCode === now.exitCode
        ? firstDifference(old.report, now.report)
        : `exit code ${old.exitCode} -> ${now.exitCode}`;
    if (difference !== null) {
      different++;
      console.log(`${input.label}: ${difference}`);
    }
  }
}

/** The traces of both corpora, each content once: one corpus is in part a copy of the other. */
function logsOfCorpora(): string[] {
  const paths = [OWN_CORPUS, SHARED_CORPUS, NEXT_CORPUS].flatMap(tracesIn);
  const byContent = new Map(paths.map((path) => [digest(readFileSync(path)), path]));
  return [...byContent.values()];
}

function tracesIn(corpus: string): string[] {
  return casesOf(corpus).flatMap(({ folder }) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".log.gz"))
      .map((name) => join(folder, name)),
  );
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function inputsFrom(path: string): Input[] {
  const name = `${basename(dirname(path))}/${basename(path)}`;
  return [...STRIPPINGS].map(([label, strippings]) => ({
    label: `${name} ${label}`,
    path,
    strippings,
  }));
}
