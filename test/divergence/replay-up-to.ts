import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import type { AnalysisOptions } from "../../src/pipeline/analysis-options.ts";
import type { GuidedReplay } from "../../src/recorded/guided-replay.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import { headOf } from "./log-lines.ts";

/** The model right before a line of the log, and the line's own fields. */
export interface StateBefore {
  readonly guided: GuidedReplay;
  readonly tid: number;
  /** dense index of the line's thread; −1 if it has made no call before */
  readonly thread: number;
  /** the pointer that the line returned */
  readonly pointer: number;
}

/** Replays the log up to, and without, line `line` (1-based). `options` must name the glibc. */
export function replayUpTo(log: Buffer, line: number, options: AnalysisOptions): StateBefore {
  const analysis = new Analysis(options, new InlineRunner());
  const before = headOf(log, line - 1);
  new NativeScanner(analysis, new Diagnostics()).scan(before, before.length);
  // `end` would apply the exits of the log's end.
  Array.from(analysis.drain());
  const guided = analysis.recorded.current;
  if (guided === null) {
    throw new Error("the first mismatch is the log's first call");
  }
  const own = new Analysis({ ...options, model: false }, new InlineRunner());
  const ofLine = headOf(log, line).subarray(before.length);
  new NativeScanner(own, new Diagnostics()).scan(ofLine, ofLine.length);
  const tid = own.batch.tid[0]!;
  const thread = analysis.ledger.threads.rows().findIndex((row) => row.tid === tid);
  return { guided, tid, thread, pointer: own.batch.pointerOut[0]! };
}
