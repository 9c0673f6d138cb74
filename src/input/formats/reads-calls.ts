import { EventBatch } from "../../trace/event.ts";
import type { EventSink } from "../../trace/sink.ts";
import { Diagnostics } from "../diagnostics.ts";
import { LineScanner } from "./line-scanner.ts";
import type { LogFormat } from "./log-format.ts";

/** A name of the malloc family, whatever its case. */
const ALLOCATION = /alloc\w*\(/i;

/** So many times more calls are read than left unread: only some lines are torn. */
const MOST = 10;

/** True if a format's reader understands most calls of the lines, and one if there are any. */
export function readsCalls(format: LogFormat, lines: readonly string[]): boolean {
  const diagnostics = new Diagnostics();
  const scanner = new LineScanner(new Discarded(), diagnostics, format, lines);
  const bytes = Buffer.from(`${lines.join("\n")}\n`, "latin1");
  scanner.scan(bytes, bytes.length);
  const kinds = Object.values(diagnostics.unreadCalls);
  const unread = kinds.reduce((sum, kind) => sum + kind.lines, 0);
  const { parsed } = diagnostics.lines;
  return parsed >= MOST * unread && (parsed > 0 || !lines.some((line) => ALLOCATION.test(line)));
}

/** Events that nobody reads. */
class Discarded implements EventSink {
  readonly batch = new EventBatch();

  advance(): void {
    this.batch.clear();
  }

  end(): void {}

  whenReady(): null {
    return null;
  }

  whenEnding(): null {
    return null;
  }
}
