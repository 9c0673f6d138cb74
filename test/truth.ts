import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { AnalysisOptions } from "../src/replay/scenario.ts";
import type { Report, Scenario } from "../src/report/report.ts";
import {
  analyse,
  type Case,
  casesOf,
  logOf,
  optionsFor,
  type Sample,
  scenario,
  settingsOf,
  truthOf,
  withRssSamples,
} from "./support/corpus.ts";

/**
 * npm run truth -- DIR [CASE…] [--touch all|none|facts|RATIO]
 *
 * Predicted against measured, for every case of a corpus folder and every setting with a truth: the recorded run
 * from its own log, the other settings as what-ifs of that log, each at the end and after malloc_trim(0). Errors are
 * signed, in pages of 4096 bytes and in percent; nothing is rounded to zero.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { touch: { type: "string", default: "all" } },
});
const [corpus, ...wanted] = positionals;
if (corpus === undefined) {
  console.error("usage: npm run truth -- DIR [CASE…] [--touch all|none|facts|RATIO]");
  process.exit(2);
}

const PAGE = 4096;
const touch = touchOf(values.touch);
const errors: { name: string; ratio: number }[] = [];

for (const one of casesOf(corpus)) {
  if (wanted.length === 0 || wanted.includes(one.name)) printCase(one);
}
printSummary();

function touchOf(text: string): AnalysisOptions["touch"] {
  if (text === "all" || text === "none" || text === "facts") return text;
  return { ratio: Number(text) };
}

function printCase(one: Case): void {
  const log = logOf(one, "default");
  const truth = truthOf(one, "default");
  if (log === null || truth === null) return;
  const settings = Object.keys(one.meta.settings).filter(
    (setting) => truthOf(one, setting) !== null,
  );
  const whatIfs = settings.flatMap((setting) => {
    const env = setting === "default" ? {} : settingsOf(one, setting);
    return [scenario(setting, env, false), scenario(`${setting}, trimmed`, env, true)];
  });
  const report = analyse(
    withRssSamples(log, truth.timeline),
    optionsFor(one, "default", whatIfs, touch),
  );
  const { fidelity } = report.model ?? missing();
  const kind = one.meta.deterministic ? "deterministic" : "differs from run to run";
  console.log(`${one.name} (glibc ${one.meta.glibc}, ${kind})`);
  console.log(`  pointers    ${fidelity.equal} of ${fidelity.compared} equal`);
  printTimeline(report);
  for (const setting of settings) {
    const measured = truthOf(one, setting) ?? missing();
    const [untrimmed, trimmed] = report.scenarios.filter(
      ({ name }) => name === setting || name === `${setting}, trimmed`,
    );
    printLine(one, setting, untrimmed ?? missing(), measured.exit);
    printLine(one, `${setting}, trimmed`, trimmed ?? missing(), measured.after_trim);
  }
}

function printTimeline({ measured }: Report): void {
  if (measured === null) return;
  const equal = measured.rssSamples.filter(
    ({ bytes, modelledBytes }) => bytes === modelledBytes,
  ).length;
  const { median, max } = measured.error;
  console.log(
    `  timeline    ${equal} of ${measured.rssSamples.length} samples equal, error median ${percent(median)}, worst ${percent(max)}`,
  );
}

function printLine(one: Case, name: string, predicted: Scenario, measured: Sample): void {
  const rss = predicted.rss.endBytes;
  const system = measured.mallinfo.arena! + measured.mmapped.bytes;
  const ratio = measured.heap_rss === 0 ? 0 : (rss - measured.heap_rss) / measured.heap_rss;
  errors.push({ name: `${one.name}: ${name}`, ratio });
  const cells = [
    name.padEnd(30),
    `RSS ${mib(rss)} measured ${mib(measured.heap_rss)}`,
    `error ${pages(rss - measured.heap_rss)} pages ${percent(ratio)}`.padEnd(34),
    `system error ${predicted.system.endBytes - system}`,
  ];
  console.log(`  ${cells.join("  ")}`);
}

function printSummary(): void {
  const sorted = errors.sort((a, b) => Math.abs(a.ratio) - Math.abs(b.ratio));
  const median = sorted[Math.floor(sorted.length / 2)];
  const worst = sorted.at(-1);
  const exact = sorted.filter(({ ratio }) => ratio === 0).length;
  if (median === undefined || worst === undefined) return;
  console.log(
    `\n${exact} of ${sorted.length} predictions equal to the page; |error| median ${percent(Math.abs(median.ratio))}, worst ${percent(worst.ratio)} (${worst.name}); ${availableParallelism()} CPUs, touch ${values.touch}`,
  );
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(3).padStart(9)} MiB`;
}

function pages(bytes: number): string {
  return String(bytes / PAGE).padStart(6);
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)} %`;
}

function missing(): never {
  throw new Error("the corpus case is not complete");
}
