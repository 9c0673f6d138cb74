import { parseArgs } from "node:util";
import type { AnalysisOptions } from "../src/pipeline/analysis-options.ts";
import { casesOf } from "./support/corpus.ts";
import { printFitted } from "./truth/fitted.ts";
import {
  errorOf,
  isReal,
  type Prediction,
  percent,
  predict,
  type Row,
} from "./truth/predictions.ts";
import { printRanges } from "./truth/ranges.ts";
import { printRanking } from "./truth/ranking.ts";
import { printRecorded, recordedErrors } from "./truth/real-programs.ts";

/**
 * npm run truth -- DIR [CASE…] [--touch all|none|facts|RATIO] [--brief]
 *
 * Compares predictions with measured truth, for every case of a corpus folder and every setting with a truth: the
 * recorded run from its own log, the other settings as what-ifs of that log, each at the end and after malloc_trim(0).
 * Errors are signed, in pages of 4096 bytes and in percent, not rounded to zero. A summary follows; --brief prints only
 * that.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { touch: { type: "string", default: "facts" }, brief: { type: "boolean" } },
});
const [corpus, ...wanted] = positionals;
if (corpus === undefined) {
  console.error("usage: npm run truth -- DIR [CASE…] [--touch all|none|facts|RATIO] [--brief]");
  process.exit(2);
}

const PAGE = 4096;
const cases = casesOf(corpus).filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const touch = touchOf(values.touch);
const predictions: Prediction[] = [];
for (const one of cases) {
  const prediction = predict(one, touch);
  if (prediction === null) {
    continue;
  }
  predictions.push(prediction);
  if (!values.brief) {
    printCase(prediction);
  }
}
const rows = predictions.flatMap((one) => one.rows);
const real = new Set(cases.filter(isReal).map(({ name }) => name));
printRecorded(recordedErrors(predictions));
printFitted(
  cases
    .filter(isReal)
    .flatMap((one) => predict(one, ({ exit }) => ({ fitted: exit.heap_rss })) ?? []),
);
printRanges(rows, (row) => real.has(row.case));
printRanking(predictions);

function touchOf(text: string): AnalysisOptions["touch"] {
  if (text === "all" || text === "none" || text === "facts") {
    return text;
  }
  return { ratio: Number(text) };
}

function printCase({ case: { name, meta }, report, rows }: Prediction): void {
  const { compared, equal } = report.model?.fidelity ?? { compared: 0, equal: 0 };
  console.log(
    `${name} (glibc ${meta.glibc}, ${meta.deterministic ? "deterministic" : "differs from run to run"})`,
  );
  console.log(`  pointers    ${equal} of ${compared} match`);
  const samples = report.measured?.rssSamples ?? [];
  const exact = samples.filter(({ bytes, modelledBytes }) => bytes === modelledBytes).length;
  const { median, max } = report.measured?.error ?? { median: 0, max: 0 };
  console.log(
    `  timeline    ${exact} of ${samples.length} samples equal, error median ${percent(median)}, worst ${percent(max)}`,
  );
  for (const row of rows) {
    printRow(row);
  }
}

function printRow(row: Row): void {
  const { predicted, measured, setting, moment } = row;
  const { endBytes, lowBytes, highBytes } = predicted.rss;
  const system = measured.mallinfo.arena! + measured.mmapped.bytes;
  const cells = [
    (moment === "exit" ? setting : `${setting}, trimmed`).padEnd(30),
    `RSS ${mib(endBytes)} (${mib(lowBytes)} … ${mib(highBytes)}) measured ${mib(measured.heap_rss)} MiB`,
    `error ${String((endBytes - measured.heap_rss) / PAGE).padStart(6)} pages ${percent(errorOf(row))}`.padEnd(
      34,
    ),
    `system error ${predicted.system.endBytes - system}`,
  ];
  console.log(`  ${cells.join("  ")}`);
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(3).padStart(8);
}
