import { existsSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NATIVE_LAYOUT } from "../../src/input/formats/native/layout.ts";
import { readLog } from "../../src/input/read-log.ts";
import { EventBatch, Op } from "../../src/trace/event.ts";
import type { EventSink } from "../../src/trace/sink.ts";
import { casesOf, NEXT_CORPUS, OWN_CORPUS, SHARED_CORPUS } from "../support/corpus.ts";

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

  whenReady(): null {
    return null;
  }

  whenEnding(): null {
    return null;
  }

  end(): void {
    this.advance();
  }
}

describe.each([OWN_CORPUS, SHARED_CORPUS, NEXT_CORPUS])("every line of %s is read", (corpus) => {
  const cases = casesOf(corpus);
  test.skipIf(cases.length > 0)("the corpus is missing", () => {});

  test.each(cases)("$name", async ({ folder, meta }) => {
    // A corpus may lack the traces of other settings.
    const traces = Object.values(meta.traces).filter(({ file }) => existsSync(join(folder, file)));
    expect(traces.length).toBeGreaterThan(0);
    for (const trace of traces) {
      const sink = new CountingSink();
      const diagnostics = new Diagnostics();
      const names = [join(folder, trace.file)];
      await readLog({ names, stdin: Readable.from([]) }, sink, diagnostics);

      expect(diagnostics.lines).toEqual({
        total: trace.lines,
        parsed: trace.lines,
        comments: 0,
        malformed: 0,
        blank: 0,
      });
      expect(diagnostics.truncatedInputs).toBe(0);
      expect(diagnostics.layout).toEqual(NATIVE_LAYOUT);
      if (trace.ops === undefined) {
        continue;
      }
      const expected = Object.values(Op).map(() => 0);
      for (const [call, count] of Object.entries(trace.ops)) {
        expected[OP_OF[call]!]! += count;
      }
      expect(sink.counts).toEqual(expected);
    }
  });
});
