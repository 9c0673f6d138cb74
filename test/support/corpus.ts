import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import type { AnalysisOptions, LogOptions } from "../../src/pipeline/analysis-options.ts";
import type { AnalysisResult } from "../../src/pipeline/analysis-result.ts";
import { readSummary } from "../../src/pipeline/read-summary.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { summarize } from "../../src/summary/summarize.ts";
import { EVENTS_PER_BATCH } from "../../src/trace/columns.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import { expectReportJson } from "./report-schema.ts";
import { SmallerBatches } from "./smaller-batches.ts";

/** Cases with measured truth; ../shared/corpus/README.md describes their files. */

/** The repository's selection, and the whole corpus in two folders, which may be missing. */
export const OWN_CORPUS = fileURLToPath(new URL("../../fixtures/corpus", import.meta.url));
export const SHARED_CORPUS = fileURLToPath(new URL("../../../shared/corpus", import.meta.url));
export const NEXT_CORPUS = fileURLToPath(new URL("../../../shared/corpus-next", import.meta.url));

export interface Sample {
  readonly seq: number;
  readonly label: string;
  readonly heap_rss: number;
  readonly mallinfo: Readonly<Record<string, number>>;
  readonly mmapped: { readonly count: number; readonly bytes: number };
}

export interface Truth {
  readonly start_brk: string;
  readonly initial_brk: string;
  readonly exit: Sample;
  /** null if the case is cut: nothing was trimmed where it ends */
  readonly after_trim: Sample | null;
  readonly timeline: readonly Sample[];
}

export interface CaseMeta {
  readonly glibc: string;
  readonly cpu_count: number;
  readonly command: string;
  readonly deterministic: boolean;
  readonly pointer_bits_in_trace: number;
  readonly hook: string;
  readonly env: Readonly<Record<string, string>>;
  readonly traces: Readonly<
    Record<
      string,
      {
        readonly file: string;
        readonly lines: number;
        /** only if the case is cut */
        readonly lines_of_whole_log?: number;
        /** calls by name; a simple hook's case has none */
        readonly ops?: Record<string, number>;
        readonly live_requested_bytes_at_end: number;
        readonly live_blocks_at_end: number;
        readonly peak_live_requested_bytes: number;
      }
    >
  >;
  readonly settings: Readonly<Record<string, { readonly env: Readonly<Record<string, string>> }>>;
}

export interface Case {
  readonly name: string;
  readonly folder: string;
  readonly meta: CaseMeta;
}

/** The cases of a corpus folder, sorted by name; none if the folder is missing. */
export function casesOf(corpus: string): Case[] {
  if (!existsSync(corpus)) {
    return [];
  }
  return readdirSync(corpus)
    .filter((name) => existsSync(join(corpus, name, "meta.json")))
    .sort()
    .map((name) => {
      const folder = join(corpus, name);
      return { name, folder, meta: JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) };
    });
}

/** The case's name without its glibc. */
export function programOf(name: string): string {
  return name.replace(/-g\d+$/, "");
}

/** The same without numbers, which are sizes of the program's work. */
function kindOf({ name }: Case): string {
  return programOf(name).replace(/\d+/g, "");
}

/**
 * The logs of the repository, and, of the whole corpus, the first of each kind that it lacks. For rules that do not depend
 * on the glibc, whose every version the repository's logs have.
 */
export function oneOfEachKind(): Case[] {
  const own = casesOf(OWN_CORPUS);
  const kinds = new Set(own.map(kindOf));
  const others = [SHARED_CORPUS, NEXT_CORPUS].flatMap(casesOf).filter((one) => {
    const isNew = !kinds.has(kindOf(one));
    kinds.add(kindOf(one));
    return isNew;
  });
  return [...own, ...others];
}

/** True for the programs that write every byte they allocate. */
export function writesAll({ meta }: Case): boolean {
  const [program, , , , , touch] = meta.command.split(" ").map((word) => basename(word));
  return program === "synth"
    ? touch === "all"
    : ["frag", "threadfrag", "mt"].includes(program ?? "");
}

/** True for the beginning of a recorded case (fixtures/cut.ts). */
export function isCut({ meta }: Case): boolean {
  return meta.traces.default?.lines_of_whole_log !== undefined;
}

/** The measured truth of one setting; null if the case has none, or the corpus lacks its file. */
export function truthOf({ folder }: Case, setting: string): Truth | null {
  const name = setting === "default" ? "truth.json" : `truth.${setting}.json`;
  const path = join(folder, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
}

/** Whether the corpus has the log of one setting's run. */
export function hasLog({ folder, meta }: Case, setting: string): boolean {
  const file = meta.traces[setting]?.file;
  return file !== undefined && existsSync(join(folder, file));
}

/** The log of one setting's run, unpacked; null if the corpus lacks it. */
export function logOf({ folder, meta }: Case, setting: string): Buffer | null {
  const file = meta.traces[setting]?.file;
  if (file === undefined || !existsSync(join(folder, file))) {
    return null;
  }
  return gunzipSync(readFileSync(join(folder, file)));
}

/** The settings of a run as mallog names them: variables, and each tunable of GLIBC_TUNABLES. */
export function settingsOf({ meta }: Case, setting: string): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(meta.settings[setting]?.env ?? {})) {
    if (name !== "GLIBC_TUNABLES") {
      named[name] = value;
    } else {
      for (const one of value.split(":")) {
        const at = one.indexOf("=");
        named[one.slice(0, at)] = one.slice(at + 1);
      }
    }
  }
  return named;
}

/** A copy of the log with the truth's RSS samples as comment lines. */
export function withRssSamples(log: Buffer, samples: readonly Sample[]): Buffer {
  const pieces: Buffer[] = [];
  let line = 0;
  let from = 0;
  let at = 0;
  for (const { seq, heap_rss } of [...samples].sort((a, b) => a.seq - b.seq)) {
    for (; line < seq && at < log.length; line++) {
      at = log.indexOf(10, at) + 1;
    }
    pieces.push(log.subarray(from, at), Buffer.from(`# rss ${heap_rss}\n`));
    from = at;
  }
  pieces.push(log.subarray(from));
  return Buffer.concat(pieces);
}

/** Options of an analysis that is given nothing about the process. */
export const UNKNOWN_PROCESS: AnalysisOptions = {
  model: true,
  whatIfs: [],
  recordedWith: null,
  glibc: "auto",
  cpus: null,
  hostCpus: 2,
  touch: "all",
  thp: null,
};

/** Options of a log read as the command line does, with two what-ifs: one shares the recorded run, one has its own. */
export const TWO_WHAT_IFS: LogOptions = {
  ...UNKNOWN_PROCESS,
  whatIfs: [
    scenario("malloc_trim=end", {}, true),
    scenario("one", { MALLOC_ARENA_MAX: "1" }, false),
  ],
  hostCpus: 4,
  touch: { fitted: null },
  process: null,
};

export function optionsFor(
  { meta }: Case,
  setting: string,
  whatIfs: readonly ScenarioSpec[],
  touch: AnalysisOptions["touch"] = "all",
): AnalysisOptions {
  return {
    model: true,
    whatIfs,
    recordedWith: setting === "default" ? {} : settingsOf({ name: "", folder: "", meta }, setting),
    glibc: meta.glibc,
    cpus: meta.cpu_count,
    hostCpus: 1,
    touch,
    thp: null,
  };
}

export function scenario(
  name: string,
  settings: Record<string, string>,
  trimAtEnd: boolean,
): ScenarioSpec {
  return { name, settings, trim: trimAtEnd ? "end" : "never", glibc: null, cpus: null };
}

/**
 * Analyses a log in memory, without streams, in batches of at most `eventsPerBatch` events. The report must fit the
 * published schema.
 */
export function analyse(
  log: Buffer,
  options: AnalysisOptions,
  eventsPerBatch = EVENTS_PER_BATCH,
): Report {
  const report = summarize(resultOf(log, options, eventsPerBatch), "test");
  expectReportJson(JSON.stringify(report));
  return report;
}

/** What an analysis finds, before it is summed up. */
export function resultOf(
  log: Buffer,
  options: AnalysisOptions,
  eventsPerBatch = EVENTS_PER_BATCH,
): AnalysisResult {
  const runner = new InlineRunner();
  const analysis = new Analysis(options, runner);
  const diagnostics = new Diagnostics();
  const sink =
    eventsPerBatch < EVENTS_PER_BATCH ? new SmallerBatches(analysis, eventsPerBatch) : analysis;
  new NativeScanner(sink, diagnostics).scan(log, log.length);
  sink.end();
  const touch = analysis.touchReading();
  const whatIfs = runner.figures(touch.reading, analysis.askedOf(touch));
  const result = analysis.result(analysis.ownResult(touch), whatIfs);
  const read = readSummary(diagnostics, { names: ["-"], areSorted: false, withParents: [] }, true);
  return { ...result, read, processes: [] };
}
