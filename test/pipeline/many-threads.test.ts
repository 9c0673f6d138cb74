import { setTimeout as pause } from "node:timers/promises";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { ProcessAnalyses } from "../../src/pipeline/process-analyses.ts";
import { readSummary } from "../../src/pipeline/read-summary.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { summarize } from "../../src/summary/summarize.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import { UNKNOWN_PROCESS } from "../support/corpus.ts";
import { LoggedProgram } from "../support/model-log.ts";
import { SmallerBatches } from "../support/smaller-batches.ts";

/**
 * Memory that a thread takes which calls a few times and then no more. What the analysis and its report keep after garbage
 * collection is deterministic, but for some kilobytes. Columns double when they are full, so both logs have nearly as many
 * threads as a power of two.
 */

const FEW = 500;
const MANY = 4 * FEW;
/** Memory is swept when this many looks in a row find no less of it. */
const CALM_LOOKS = 4;
const LOOK_MS = 20;
const CALM_BYTES = 16 * 1024;
/** So few that each log has more batches than are ever kept. */
const EVENTS_PER_BATCH = 256;

/** Call sites of the program, and those of the C library where it ends a thread. */
const PROGRAM = 0x40_1000;
const LIBRARY = [0x7fff_f7d0_1000, 0x7fff_f7d0_2000];

type End = "exits" | "stays";

/** Each thread allocates three blocks, frees one or all, and calls no more; there is no thread_exit line. */
function logOf(threads: number, end: End): Buffer {
  const p = new LoggedProgram("2.36", {}, { unchecked: true });
  p.malloc(1000);
  for (let n = 0; n < threads; n++) {
    const t = p.thread();
    t.malloc(24, `a ${n}`);
    t.malloc(24, `b ${n}`);
    t.malloc(24, `c ${n}`);
    t.free(`b ${n}`);
    if (end === "exits") {
      t.free(`a ${n}`, `c ${n}`);
      t.freeNull();
      t.freeNull();
      t.exit(false);
    }
  }
  let nulls = 0;
  const lines = p.lines.map((line) => {
    const caller = line.endsWith("free(0x0)") ? LIBRARY[nulls++ % 2]! : PROGRAM;
    return `${line.replace(" ", ` [0x${caller.toString(16)}] `)}\n`;
  });
  return Buffer.from(lines.join(""));
}

/** Memory in use. V8 sweeps dead buffers in other threads: until then, which takes longer on a busy machine, they count. */
async function usedBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  let used = Number.POSITIVE_INFINITY;
  for (let calm = 0; calm < CALM_LOOKS; calm++) {
    if (typeof collect === "function") {
      collect();
    }
    await pause(LOOK_MS);
    const { used_heap_size, external_memory } = getHeapStatistics();
    if (used_heap_size + external_memory < used - CALM_BYTES) {
      calm = -1;
    }
    used = Math.min(used, used_heap_size + external_memory);
  }
  return used;
}

/** Returns the bytes that the analysis of a log and its report take, and the report. */
async function bytesFor(
  log: Buffer,
  options: { readonly model: boolean; readonly glibc: string },
): Promise<{ readonly bytes: number; readonly report: Report }> {
  const before = await usedBytes();
  const analyses = new ProcessAnalyses(
    { ...UNKNOWN_PROCESS, ...options, process: null },
    () => new InlineRunner(),
  );
  const diagnostics = new Diagnostics();
  const sink = new SmallerBatches(analyses, EVENTS_PER_BATCH);
  new NativeScanner(sink, diagnostics).scan(log, log.length);
  sink.end();
  const read = readSummary(diagnostics, { names: ["-"], areSorted: false, withParents: [] }, true);
  const report = summarize({ ...(await analyses.result()), read }, "test");
  const bytes = (await usedBytes()) - before;
  // Both are in use until here.
  expect(analyses.events).toBe(report.trace.events);
  return { bytes, report };
}

/**
 * Bytes for each thread, at most. Measured: 800, of which its timeline and its call site take 500, whose number is bounded;
 * 900; and 1780, of which four chunks in the replay and in the past that it keeps take 900. With an object for each thread,
 * it took 2350, 2500 and 3950.
 */
describe.each([
  ["without a model", { model: false, glibc: "auto" }, "stays", 1150],
  ["that exit", { model: true, glibc: "2.36" }, "exits", 1300],
  ["that stay, each with chunks of its own", { model: true, glibc: "2.36" }, "stays", 2450],
] as const)("threads %s", (_name, options, end, most) => {
  it(`take at most ${most} bytes each`, async () => {
    // Code that is compiled meanwhile counts for neither.
    await bytesFor(logOf(FEW, end), options);
    const few = await bytesFor(logOf(FEW, end), options);
    const many = await bytesFor(logOf(MANY, end), options);
    expect(many.report.threads).toHaveLength(MANY + 1);
    expect(many.report.model?.inferred.threadExits ?? 0).toBe(end === "exits" ? MANY : 0);
    expect((many.bytes - few.bytes) / (MANY - FEW)).toBeLessThan(most);
  });
});
