import { PassThrough } from "node:stream";
import { run } from "../../src/cli/command-line.ts";
import { Exit } from "../../src/cli/exit-codes.ts";
import { FILE_STYLE } from "../../src/cli/files/output-file.ts";
import type { Analyse } from "../../src/cli/io.ts";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/report.ts";
import { DEFAULT_SORT } from "../../src/report/sort-threads.ts";
import { ENDINGS, writerOf } from "../../src/report/writers/index.ts";
import { fakeIo } from "../support/fake-io.ts";
import type { Input } from "./input.ts";

/** ms that an input may take, and per line, and bytes by which memory may grow: generous, for a busy machine. */
const MOST_MS = 2000;
const MOST_MS_PER_LINE = 0.5;
const MOST_BYTES = 512 * 1024 * 1024;

/** Exit codes of a run that was not interrupted and has no budgets. */
const EXPECTED: readonly number[] = [Exit.done, Exit.usage, Exit.unusable];

const analyse = reportOfLog("fuzz", null);

/** Runs mallog on an input in this process. Returns what is wrong with the outcome; null: nothing. */
export async function problemWith({ argv, bytes, isForAllWriters }: Input): Promise<string | null> {
  const stdin = new PassThrough();
  stdin.end(bytes);
  const io = fakeIo({ stdin, hostCpus: 2, env: { MALLOG_DEBUG: "1" } });
  const reports: Report[] = [];
  const kept: Analyse = async (...asked) => {
    const report = await analyse(...asked);
    reports.push(report);
    return report;
  };
  const heldBefore = heldBytes();
  const began = performance.now();
  const before = process.cpuUsage();
  const code = await run(argv, io, kept);
  const { user, system } = process.cpuUsage(before);
  // The processor's time is that of all threads, the clock's that of other processes, too.
  const took = Math.min((user + system) / 1000, performance.now() - began);
  const grown = heldBytes() - heldBefore;
  const [out, err] = [io.stdout.text, io.stderr.text];
  if (!EXPECTED.includes(code)) {
    return `exit code ${code}: ${err.slice(0, 1000)}`;
  }
  if (took > MOST_MS + MOST_MS_PER_LINE * bytes.toString("latin1").split("\n").length) {
    return `took ${Math.round(took)} ms`;
  }
  if (grown > MOST_BYTES) {
    return `took ${Math.round(grown / 1e6)} MB`;
  }
  if (code !== Exit.done && err.trimEnd().includes("\n")) {
    return `more than one line: ${err}`;
  }
  const written = isForAllWriters && reports[0] !== undefined ? await allForms(reports[0]) : [];
  const texts = [out.replace(separators(argv), ""), err, ...written];
  return (
    texts.map(controlCharacter).find((problem) => problem !== null) ??
    reports.map(impossibleFigure).find((problem) => problem !== null) ??
    null
  );
}

function heldBytes(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
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

/** Figures that may be negative: errors, and the fragmentation of chunks that are smaller than what was asked for. */
const SIGNED = /error|fragmentation/i;

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
