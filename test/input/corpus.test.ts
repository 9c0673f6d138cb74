import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { readLog } from "../../src/input/read-log.ts";
import { EventBatch, Op } from "../../src/trace/event.ts";
import type { EventSink } from "../../src/trace/sink.ts";

const CORPUS = "/work/shared/corpus";

interface Trace {
  readonly file: string;
  readonly lines: number;
  readonly ops: Readonly<Record<string, number>>;
}

const OP_OF: Readonly<Record<string, number>> = {
  ...Op,
  reallocarray: Op.realloc,
  aligned_alloc: Op.memalign,
  posix_memalign: Op.memalign,
  cfree: Op.free,
  malloc_trim: Op.mallocTrim,
  thread_exit: Op.threadExit,
};

class CountingSink implements EventSink {
  readonly counts = Object.values(Op).map(() => 0);
  readonly batch = new EventBatch();

  advance(): void {
    for (let i = 0; i < this.batch.length; i++) {
      this.counts[this.batch.op[i]!]!++;
    }
    this.batch.clear();
  }

  end(): void {
    this.advance();
  }
}

function tracesOf(name: string): Trace[] {
  const meta: { traces: Record<string, Trace> } = JSON.parse(
    readFileSync(join(CORPUS, name, "meta.json"), "utf8"),
  );
  return Object.values(meta.traces);
}

const cases = existsSync(CORPUS)
  ? readdirSync(CORPUS).filter((name) => existsSync(join(CORPUS, name, "meta.json")))
  : [];

describe.skipIf(cases.length === 0)("every line of the corpus is read", () => {
  test.each(cases)("%s", async (name) => {
    for (const trace of tracesOf(name)) {
      const sink = new CountingSink();
      const diagnostics = new Diagnostics();
      const names = [join(CORPUS, name, trace.file)];
      await readLog({ names, stdin: Readable.from([]) }, sink, diagnostics);

      expect(diagnostics.lines).toEqual({
        total: trace.lines,
        parsed: trace.lines,
        comments: 0,
        malformed: 0,
        blank: 0,
      });
      expect(diagnostics.truncatedInputs).toBe(0);
      const expected = Object.values(Op).map(() => 0);
      for (const [call, count] of Object.entries(trace.ops)) {
        expected[OP_OF[call]!]! += count;
      }
      expect(sink.counts).toEqual(expected);
    }
  });
});
