import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import type { AnalysisOptions } from "../src/pipeline/analysis-options.ts";
import { describeArena, describeThread } from "./divergence/allocator-state.ts";
import { linesAround, linesNaming } from "./divergence/log-lines.ts";
import { replayUpTo } from "./divergence/replay-up-to.ts";
import { analyse } from "./support/corpus.ts";

/**
 * npm run divergence -- LOG [--glibc VERSION] [--recorded-with NAME=VALUE,…]
 *
 * Shows why fidelity is below 1: the first mismatch between the log and the model, the state of the arena and of the
 * thread right before it, and the log's lines that concern it. See docs/debugging-fidelity.md.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    glibc: { type: "string", default: "auto" },
    "recorded-with": { type: "string" },
  },
});
const [path] = positionals;
if (path === undefined) {
  console.error(
    "usage: npm run divergence -- LOG [--glibc VERSION] [--recorded-with NAME=VALUE,…]",
  );
  process.exit(2);
}

const log = readLog(path);
const options: AnalysisOptions = {
  model: true,
  whatIfs: [],
  recordedWith: settingsOf(values["recorded-with"]),
  glibc: values.glibc,
  cpus: null,
  hostCpus: 1,
  touch: "facts",
  thp: null,
};
const { model } = analyse(log, options);
if (model === null) {
  console.log("The log has no events.");
  process.exit(0);
}
const { compared, equal, firstDivergence } = model.fidelity;
console.log(`glibc ${model.glibc}: ${equal} of ${compared} pointers match.`);
if (firstDivergence === null) {
  process.exit(0);
}

const { line, event, expected, modelled } = firstDivergence;
console.log(`
First mismatch: line ${line}, event ${event}
  log    ${expected}
  model  ${modelled}

Lines around it
${linesAround(log, line)}`);

const { guided, tid, thread, pointer } = replayUpTo(log, line, {
  ...options,
  glibc: model.glibc,
  recordedWith: model.settings,
});
const naming = linesNaming(log, line, pointer);
if (naming !== "") {
  console.log(`\nLatest lines before it that name 0x${pointer.toString(16)}\n${naming}`);
}
console.log(`
The model right before line ${line}
${describeThread(guided, tid, thread)}
${describeArena(guided, thread)}`);

function readLog(file: string): Buffer {
  try {
    const bytes = readFileSync(file);
    return file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  } catch (error) {
    console.error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(3);
  }
}

function settingsOf(text: string | undefined): Record<string, string> | null {
  if (text === undefined) {
    return null;
  }
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const [name = "", value = ""] = pair.split("=");
      return [name, value];
    }),
  );
}
