import { Diagnostics } from "../../src/input/diagnostics.ts";
import { LayoutScanner } from "../../src/input/formats/columns/layout-scanner.ts";
import { EventBatch } from "../../src/trace/event.ts";
import type { LogProcess } from "../../src/trace/processes/log-process.ts";
import { ProcessSplitter } from "../../src/trace/processes/process-splitter.ts";
import type { EventSink } from "../../src/trace/sink.ts";

export interface SplitLine {
  readonly process: LogProcess;
  readonly tid: number;
  readonly caller: number;
}

/** Calls of one process that follow each other in a batch, the last one excluded. */
interface Span {
  readonly process: LogProcess;
  readonly batch: EventBatch;
  readonly from: number;
  readonly to: number;
}

/** The process of each call of a log, as the splitter finds them, in the order of lines. */
export function splitLog(log: string | Buffer): SplitLine[] {
  const lines: SplitLine[] = [];
  for (const { process, batch, from, to } of spansOf(log)) {
    for (let i = from; i < to; i++) {
      lines.push({ process, tid: batch.tid[i]!, caller: batch.caller[i]! });
    }
  }
  return lines;
}

/** How many processes the splitter finds in a log. */
export function processCount(log: string): number {
  return new Set([...spansOf(log)].map(({ process }) => process)).size;
}

function* spansOf(log: string | Buffer): Generator<Span> {
  const splitter = new ProcessSplitter();
  const batches: EventBatch[] = [new EventBatch()];
  const sink: EventSink = {
    get batch() {
      return batches[batches.length - 1]!;
    },
    advance: () => batches.push(new EventBatch()),
    whenReady: () => null,
    whenEnding: () => null,
    end: () => {},
  };
  const bytes = Buffer.from(log);
  const scanner = new LayoutScanner(sink, new Diagnostics());
  scanner.scan(bytes, bytes.length);
  scanner.decide();
  for (const [n, batch] of batches.entries()) {
    for (const { process, from, to } of splitter.split(batch, batches[n + 1] ?? null)) {
      yield { process, batch, from, to };
    }
  }
}

/** Indexes of the processes of a log's lines, one for each. */
export function processesOf(log: string): number[] {
  return splitLog(log).map(({ process }) => process.index);
}
