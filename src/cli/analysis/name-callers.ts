import { NoSymbolizer, symbolsOf } from "../../native/symbolizer.ts";
import type { CallerSummary, Report } from "../../report/contract/report.ts";
import { placed } from "../../summary/caller-places.ts";
import { CodeMappings } from "../../trace/stated/code-mappings.ts";
import { readText } from "../files/read-text.ts";
import type { Io } from "../io.ts";
import { Failure } from "../problems.ts";
import { message } from "../terminal/message.ts";

/** How call sites are to be named. */
export interface CallerNaming {
  /** what --maps names; null: what the log states */
  readonly mappings: CodeMappings | null;
  /** by the symbols of the files */
  readonly symbols: boolean;
}

/** Ten times the mappings that a process may have by default (vm.max_map_count), at 100 bytes each. */
const MAX_BYTES = 64 * 1024 * 1024;

/** @throws Failure option */
export function mappingsOf(files: readonly string[], cwd: string): CodeMappings | null {
  if (files.length === 0) {
    return null;
  }
  const mappings = new CodeMappings();
  for (const file of files) {
    const text = readText(file, cwd, MAX_BYTES);
    if ("error" in text) {
      throw new Failure({ code: "option", option: "--maps", value: file, reason: text.error });
    }
    const lines = text.ok.split("\n").map((line) => line.replace(/^# map /, ""));
    if (lines.filter((line) => mappings.add(line)).length === 0) {
      const reason = "no line is one of /proc/PID/maps";
      throw new Failure({ code: "option", option: "--maps", value: file, reason });
    }
  }
  return mappings;
}

/** The report with its call sites named. What `--maps` states counts more than what the log states. */
export async function withNamedCallers(
  report: Report,
  { mappings, symbols }: CallerNaming,
  { env, stderr }: Pick<Io, "env" | "stderr">,
): Promise<Report> {
  const callers = mappings === null ? report.callers : placed(report.callers, mappings);
  if (!symbols) {
    return { ...report, callers };
  }
  try {
    return { ...report, callers: await withSymbols(callers, env) };
  } catch (error) {
    if (!(error instanceof NoSymbolizer)) {
      throw error;
    }
    message(
      stderr,
      "--symbols: neither llvm-symbolizer nor addr2line is installed (packages llvm and binutils); call sites stay without names",
    );
    return { ...report, callers };
  }
}

/** Asks once for each file. */
async function withSymbols(
  callers: readonly CallerSummary[],
  env: Io["env"],
): Promise<CallerSummary[]> {
  const modules = new Set(callers.flatMap(({ module }) => module ?? []));
  const named = new Map<CallerSummary, CallerSummary>();
  for (const module of modules) {
    const rows = callers.filter((row) => row.module === module);
    const offsets = rows.flatMap(({ offset }) => offset ?? []);
    const names = await symbolsOf(module, offsets, env);
    for (const row of rows) {
      const place = names.get(row.offset ?? -1);
      if (place !== undefined) {
        named.set(row, { ...row, ...place });
      }
    }
  }
  return callers.map((row) => named.get(row) ?? row);
}
