import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { getHeapStatistics } from "node:v8";
import { run } from "../../src/cli/command-line.ts";
import { Exit } from "../../src/cli/exit-codes.ts";
import { FILE_STYLE } from "../../src/cli/files/output-file.ts";
import type { Analyse } from "../../src/cli/io.ts";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { ENDINGS, writerOf } from "../../src/report/writers/index.ts";
import { fakeIo } from "../support/fake-io.ts";
import { Chance } from "./chance.ts";
import { damagedReport } from "./damaged-report.ts";
import type { Input } from "./input.ts";

/** ms that an input may take, and per line, and bytes by which memory may grow: generous, for a busy machine. */
const MOST_MS = 2000;
const MOST_MS_PER_LINE = 0.5;
const MOST_BYTES = 512 * 1024 * 1024;

/** Exit codes of a run that was not interrupted. */
const ANALYSED: readonly number[] = [Exit.done, Exit.usage, Exit.unusable];
const JUDGED: readonly number[] = [...ANALYSED, Exit.exceeded, Exit.unjudged];

const analyse = reportOfLog("fuzz", null);

const folder = mkdtempSync(join(tmpdir(), "mallog-fuzz-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Runs mallog on an input in this process. Returns what is wrong with the outcome; null: nothing. */
export async function problemWith(input: Input): Promise<string | null> {
  const heldBefore = heldBytes();
  const outcome = await outcomeOf(input);
  const grown = heldBytes() - heldBefore;
  if (grown > MOST_BYTES) {
    return `took ${Math.round(grown / 1e6)} MB`;
  }
  if (outcome.ms > MOST_MS && outcome.ms > mostMs(input)) {
    const took = await processorTime(input);
    if (took > mostMs(input)) {
      return `took ${Math.round(took)} ms`;
    }
  }
  const { code, out, err, reports } = outcome;
  if (code > Exit.done && out === "" && err.trimEnd().includes("\n")) {
    return `more than one line: ${err}`;
  }
  const [report] = reports;
  const written = input.isForAllWriters && report !== undefined ? await allForms(report) : [];
  const texts = [out.replace(separators(input.argv), ""), err, ...written];
  return (
    unexpected(input.argv, outcome) ??
    texts.map(controlCharacter).find((problem) => problem !== null) ??
    reports.map(impossibleFigure).find((problem) => problem !== null) ??
    (input.diff !== null && out.startsWith("{") ? await problemWithDiff(input.diff, out) : null)
  );
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly reports: readonly Report[];
  readonly ms: number;
}

async function outcomeOf({
  argv,
  bytes,
  files,
}: Pick<Input, "argv" | "bytes" | "files">): Promise<Outcome> {
  const stdin = new PassThrough();
  stdin.end(bytes);
  const paths = files.map(({ name }) => join(folder, name));
  files.forEach((file, i) => {
    writeFileSync(paths[i]!, file.bytes);
  });
  const io = fakeIo({ stdin, hostCpus: 2, env: { MALLOG_DEBUG: "1" } });
  const reports: Report[] = [];
  const kept: Analyse = async (...asked) => {
    const report = await analyse(...asked);
    reports.push(report);
    return report;
  };
  const began = performance.now();
  try {
    const code = await run([...argv, ...paths], io, kept);
    const ms = performance.now() - began;
    return { code, out: io.stdout.text, err: io.stderr.text, reports, ms };
  } finally {
    paths.forEach((path) => {
      rmSync(path);
    });
  }
}

function mostMs({ bytes, files }: Input): number {
  const texts = [bytes, ...files.map((file) => file.bytes)];
  const lines = texts.reduce((sum, text) => sum + text.toString("latin1").split("\n").length, 0);
  return MOST_MS + MOST_MS_PER_LINE * lines;
}

/** ms of a second run: of this process, if the clock also counted others. */
async function processorTime(input: Input): Promise<number> {
  const before = process.cpuUsage();
  const { ms } = await outcomeOf(input);
  const { user, system } = process.cpuUsage(before);
  // The processor's time is that of all threads, the clock's that of other processes, too.
  return Math.min((user + system) / 1000, ms);
}

function unexpected(argv: readonly string[], { code, err }: Outcome): string | null {
  const expected = argv[0] === "check" || argv[0] === "diff" ? JUDGED : ANALYSED;
  return expected.includes(code) ? null : `exit code ${code}: ${err.slice(0, 1000)}`;
}

/** Compares a report with a damaged copy of it. */
async function problemWithDiff(
  { seed, argv }: NonNullable<Input["diff"]>,
  report: string,
): Promise<string | null> {
  const files = [
    { name: "base.json", bytes: Buffer.from(damagedReport(new Chance(seed), report)) },
    { name: "head.json", bytes: Buffer.from(report) },
  ];
  const words = ["diff", ...argv];
  const outcome = await outcomeOf({ argv: words, bytes: Buffer.alloc(0), files });
  const problem =
    unexpected(words, outcome) ??
    [outcome.out, outcome.err].map(controlCharacter).find((found) => found !== null) ??
    null;
  return problem === null ? null : `diff ${argv.join(" ")}: ${problem}`;
}

function heldBytes(): number {
  const { external_memory: external, used_heap_size: heap } = getHeapStatistics();
  return external + heap;
}

/** CSV has CR LF after each record, and the plain form tabs between fields. */
function separators(argv: readonly string[]): RegExp {
  return argv.includes("--csv") ? /\r\n/g : argv.includes("--plain") ? /\t/g : /$^/;
}

/** The report in every form of a file but the page, which needs a build. */
async function allForms(report: Report): Promise<string[]> {
  const forms = ENDINGS.filter((ending) => ending !== ".html");
  const options = { ...FILE_STYLE, top: 10, sort: DEFAULT_SORT, plot: false };
  return Promise.all(
    forms.map(async (ending) => {
      const text = (await writerOf(ending))?.(present(report), options) ?? "";
      return ending === ".csv" ? text.replaceAll("\r\n", "\n") : text;
    }),
  );
}

function controlCharacter(text: string): string | null {
  const found = /[^\P{Cc}\n]|\p{Cf}/u.exec(text);
  return found === null
    ? null
    : `control character ${JSON.stringify(found[0])} in ${JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 20))}`;
}

function impossibleFigure(report: Report): string | null {
  return impossibleIn(report, "");
}

/**
 * Figures that may be negative: errors, the fragmentation of chunks that are smaller than what was asked for, and the
 * memory that the program never wrote.
 */
const SIGNED = /error|fragmentation|unwritten/i;

/** Sizes are whole numbers of bytes, nothing that is counted is negative, and JSON knows neither NaN nor Infinity. */
function impossibleIn(value: unknown, path: string): string | null {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) {
      return `${path} is ${value}`;
    }
    if (/bytes/i.test(path) && !SIGNED.test(path) && !Number.isInteger(value)) {
      return `${path} is ${value}, not whole`;
    }
    return value < 0 && !SIGNED.test(path) ? `${path} is ${value}, negative` : null;
  }
  if (typeof value !== "object" || value === null) {
    return null;
  }
  for (const [key, inner] of Object.entries(value)) {
    const problem = impossibleIn(inner, `${path}.${key}`);
    if (problem !== null) {
      return problem;
    }
  }
  return null;
}
