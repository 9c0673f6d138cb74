import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run } from "../../src/cli/command-line.ts";
import type { Analyse } from "../../src/cli/io.ts";
import type { AnalysisHooks } from "../../src/pipeline/analysis-hooks.ts";
import type { LogOptions } from "../../src/pipeline/analysis-options.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { fakeIo, type GivenIo } from "./fake-io.ts";
import { report } from "./report-builder.ts";
import { expectReportJson } from "./report-schema.ts";

/** A new empty folder, which the tests that share it must remove. */
export function sharedFolder(): string {
  return mkdtempSync(join(tmpdir(), "mallog-cli-"));
}

/** A new empty folder, removed after the test. */
export function newFolder(): string {
  const folder = sharedFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A new named pipe, not open anywhere, removed after the test. */
export function newPipe(): string {
  const path = join(newFolder(), "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

/** An analysis that returns this report. */
export function answers(given: Partial<Report> = {}): Analyse {
  return async () => report(given);
}

interface Asked {
  readonly inputs: readonly string[];
  readonly options: LogOptions;
  readonly hooks: AnalysisHooks<Report>;
}

/**
 * Runs mallog in this process. Returns its exit code and output, and what it asked of the analysis. A JSON report on its
 * standard output must fit the published schema.
 */
export async function mallog(
  argv: readonly string[],
  analyse: Analyse = answers(),
  given: GivenIo = {},
) {
  const io = fakeIo(given);
  const asked: Asked[] = [];
  const code = await run(argv, io, (inputs, options, hooks) => {
    asked.push({ inputs, options, hooks });
    return analyse(inputs, options, hooks);
  });
  const out = io.stdout.text;
  if (out.startsWith('{\n  "schema": "mallog.report/')) {
    expectReportJson(out);
  }
  return { code, out, err: io.stderr.text, asked: asked[0] };
}
