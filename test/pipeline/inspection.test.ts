import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arenaBins } from "../../src/ptmalloc/bin-lists.ts";
import { ADDR, GRANULE, SIZE } from "../../src/ptmalloc/chunks.ts";
import type { BinState, HeapState } from "../../src/report/contract/inspection.ts";
import { analyse, UNKNOWN_PROCESS } from "../support/corpus.ts";
import { inspected, outcomeOf } from "../support/inspected.ts";
import { BREAK, LoggedProgram } from "../support/model-log.ts";
import { RANDOM_CALL, randomLog } from "../support/random-log.ts";

const OPTIONS = { ...UNKNOWN_PROCESS, glibc: "2.36" };
const bufferOf = (lines: readonly string[]): Buffer =>
  Buffer.from(lines.map((one) => `${one}\n`).join(""));

/** A heap without what the end of a log adds. */
const stateOf = (lines: readonly string[], eventsPerBatch: number): HeapState =>
  inspected(bufferOf(lines), OPTIONS, { kind: "end" }, { chunks: true, eventsPerBatch }).heap;

/** A program of one thread, with `calls` calls. */
function longProgram(calls: number): LoggedProgram {
  const p = new LoggedProgram("2.36");
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let i = 0; i < calls; i++) {
    const names = [...p.pointers.keys()];
    if (names.length > 40 || (names.length > 0 && next(2) === 0)) {
      p.free(names[next(names.length)]!);
    } else {
      p.malloc(next(10) === 0 ? 3000 + next(200_000) : 1 + next(600), `b${i}`);
    }
  }
  return p;
}

describe("the heap at a line", () => {
  it("is that at the end of a log that ends there, for a program of several threads", () => {
    fc.assert(
      fc.property(
        fc.array(RANDOM_CALL, { minLength: 2, maxLength: 60 }),
        fc.nat(),
        fc.integer({ min: 1, max: 20 }),
        (calls, pick, eventsPerBatch) => {
          // The main thread calls first: else the lines that follow show that another thread is not the main one.
          const first = { thread: 0, kind: "malloc", bytes: 1, pick: 0 } as const;
          const program = [first, ...calls].map((one) => ({ ...one, isLogged: true }));
          const lines = randomLog(program);
          const line = 1 + (pick % lines.length);
          const whole = bufferOf(lines);
          const at = inspected(
            whole,
            OPTIONS,
            { kind: "line", line },
            { chunks: true, eventsPerBatch },
          );
          expect(at.moment).toMatchObject({ line, events: line });
          expect(at.heap).toEqual(stateOf(lines.slice(0, line), eventsPerBatch));
        },
      ),
    );
  });

  it("is that of the model after so many calls, also where the run is kept in many stretches", () => {
    const { lines } = longProgram(6000);
    for (const line of [1, 64, 65, 1500, 1501, 3217, 4800, 5999, 6000]) {
      const { heap } = inspected(
        bufferOf(lines),
        OPTIONS,
        { kind: "line", line },
        {
          eventsPerBatch: 64,
          chunksPerBin: Number.POSITIVE_INFINITY,
        },
      );
      const { m } = longProgram(line).process;
      expect(heap.systemBytes).toBe(m.systemBytes);
      expect(heap.inUseBytes).toBe(m.inUseBytes);
      expect(heap.parameters.mmapThreshold).toBe(m.par.mmapThreshold);
      const w = m.chunks.words;
      const lists = arenaBins(m, m.mainArena, Number.POSITIVE_INFINITY).map(
        ({ kind, index, first }) => ({
          kind,
          index,
          chunks: first.map((c) => [BREAK + w[c + ADDR]! * GRANULE, w[c + SIZE]! * GRANULE]),
        }),
      );
      expect(heap.arenas[0]?.bins.map(listOf)).toEqual(lists);
    }
  });

  it("lists chunks that fill each heap without a gap", () => {
    const { lines } = longProgram(2000);
    const { heap } = inspected(
      bufferOf(lines),
      OPTIONS,
      { kind: "line", line: 1800 },
      { chunks: true },
    );
    const [breakHeap] = heap.arenas[0]?.heaps ?? [];
    const chunks = breakHeap?.chunks ?? [];
    let end = 0;
    for (const { offset, bytes } of chunks) {
      expect(offset).toBe(end);
      end = offset + bytes;
    }
    expect(end).toBe(breakHeap?.bytes);
    expect(chunks[0]).toMatchObject({
      state: "tcache struct",
      tid: 1,
      address: `0x${BREAK.toString(16)}`,
    });
    expect(chunks.at(-1)).toMatchObject({ state: "top" });
    const held = chunks.filter(({ state }) => state === "in use");
    const bytes = held.reduce((sum, one) => sum + one.bytes, 0);
    expect(bytes + heap.mapped.bytes).toBe(heap.inUseBytes);
  });
});

function listOf({ kind, index, first }: BinState) {
  return { kind, index, chunks: first.map(({ address, bytes }) => [Number(address), bytes]) };
}

describe("the heap at a mark", () => {
  it("has the RSS that the timeline has there", () => {
    const { lines } = longProgram(900);
    const marks = [7, 150, 333, 600, 899];
    const marked = lines.flatMap((line, i) =>
      marks.includes(i) ? [line, `1 mark(at ${i})`] : [line],
    );
    const log = bufferOf(marked);
    const { timeline } = analyse(log, OPTIONS);
    expect(timeline.eventsPerPoint).toBe(1);
    for (const at of marks) {
      const { heap, moment } = inspected(log, OPTIONS, { kind: "mark", label: `at ${at}` });
      const line = marked.indexOf(`1 mark(at ${at})`) + 1;
      expect(moment).toMatchObject({ line, marks: { count: 1, lines: [line] } });
      expect(heap.rssBytes).toBe(timeline.perScenario["as recorded"]?.[line - 1]);
      expect(heap.inUseBytes).toBe(timeline.inUseBytes[line - 1]);
    }
  });

  it("stands in the timeline, with its label, line and time", () => {
    const log = bufferOf([
      "1 1.0 malloc(24) = 0x5555555592a0",
      "1 1.5 mark(warm (up))",
      "1 2.0 malloc(24) = 0x5555555592c0",
      "1 mark(größer)",
    ]);
    expect(analyse(log, OPTIONS).timeline.marks).toEqual([
      { label: "warm (up)", line: 2, events: 2, time: 0.5 },
      { label: "größer", line: 4, events: 4, time: null },
    ]);
    expect(analyse(log, { ...OPTIONS, model: false }).timeline.marks).toHaveLength(2);
    expect(analyse(bufferOf(["1 free(0x0)"]), OPTIONS).timeline.marks).toBeUndefined();
  });

  it("is the first of several with the same label, and says where the others are", () => {
    const { lines } = longProgram(20);
    const log = bufferOf([...lines.slice(0, 5), "1 mark(warm)", ...lines.slice(5), "1 mark(warm)"]);
    expect(inspected(log, OPTIONS, { kind: "mark", label: " warm" }).moment).toMatchObject({
      line: 6,
      marks: { label: " warm", count: 2, lines: [6, 22] },
    });
  });
});

describe("the peak", () => {
  it("has the RSS that the report has for it", () => {
    const log = bufferOf(longProgram(3000).lines);
    const [recorded] = analyse(log, OPTIONS).scenarios;
    const { heap } = inspected(log, OPTIONS, { kind: "peak" }, { eventsPerBatch: 50 });
    expect(heap.rssBytes).toBe(recorded?.rss.peakBytes);
    expect(heap.rssBytes).toBeGreaterThan(recorded?.rss.endBytes ?? 0);
  });
});

describe("a time", () => {
  const lines = [
    "1 10.0 malloc(24) = 0x5555555592a0",
    "1 10.5 malloc(24) = 0x5555555592c0",
    "1 malloc(24) = 0x5555555592e0",
    "1 11.0 malloc(24) = 0x555555559300",
  ];
  const at = (seconds: number) =>
    inspected(bufferOf(lines), OPTIONS, { kind: "time", seconds }).moment;

  it("includes the calls up to then, and those without a time below them", () => {
    expect(at(0)).toMatchObject({ line: 1, events: 1, time: 0 });
    expect(at(0.4)).toMatchObject({ line: 1, events: 1 });
    expect(at(0.5)).toMatchObject({ line: 3, events: 3, time: 0.5 });
    expect(at(1)).toMatchObject({ line: 4, events: 4, time: 1 });
  });

  it("may be one of the log's own clock", () => {
    const { moment } = inspected(bufferOf(lines), OPTIONS, { kind: "clock", time: 10.7e6 });
    expect(moment).toMatchObject({ line: 3, time: 0.5 });
  });
});

describe("a moment that is not in the log", () => {
  const lines = [
    "# glibc 2.36",
    "1 0.5 malloc(24) = 0x5555555592a0",
    "1 1.5 mark(a)",
    "1 2.0 mark(b)",
  ];
  it.each([
    [{ kind: "line", line: 5 }, "the log has 4 lines"],
    [{ kind: "line", line: 1 }, "no call stands in this line of the log, or above it"],
    [{ kind: "mark", label: "c" }, "the log has no mark c; it has a, b"],
    [{ kind: "time", seconds: 1.6 }, "the log spans 1.50 s"],
    [
      { kind: "clock", time: 2.5e6 },
      "the log's clock runs from 00:00:00.500000 to 00:00:02.000000",
    ],
    [{ kind: "clock", time: 0 }, "the log's clock runs from 00:00:00.500000 to 00:00:02.000000"],
  ] as const)("%j: %s", (moment, missing) => {
    expect(outcomeOf(bufferOf(lines), OPTIONS, moment)).toEqual({ missing });
  });

  it("has no times where the log has none", () => {
    const log = bufferOf(["1 malloc(24) = 0x5555555592a0"]);
    const moment = { kind: "time", seconds: 0 } as const;
    expect(outcomeOf(log, OPTIONS, moment)).toEqual({
      missing: "the log has no times; give a line",
    });
    expect(outcomeOf(log, OPTIONS, { kind: "mark", label: "a" })).toEqual({
      missing: "the log has no marks",
    });
  });
});

describe("parts of the heap", () => {
  it("are those of one arena, with its threads, if one is asked for", () => {
    const p = new LoggedProgram("2.36");
    p.malloc(100, "a");
    const t = p.thread();
    t.malloc(100, "b");
    t.free("b");
    const log = bufferOf(p.lines);
    const { heap } = inspected(log, OPTIONS, { kind: "end" }, { arena: 1 });
    expect(heap.arenas.map(({ id }) => id)).toEqual([1]);
    expect(heap.threads).toMatchObject([{ tid: 2, arena: 1, cachedChunks: 1 }]);
    expect(outcomeOf(log, OPTIONS, { kind: "end" }, { arena: 2 })).toEqual({
      missing: "the process has arenas 0 to 1 at end",
      option: { name: "--arena", value: "2" },
    });
  });

  it("have no addresses where the log's pointers do not show the heap", () => {
    // The call failed in the log: it shows no place.
    const log = bufferOf(["# glibc 2.36", "1 malloc(24) = 0x0"]);
    const { heap } = inspected(log, OPTIONS, { kind: "end" });
    for (const { address, offset } of heap.arenas[0]?.top == null ? [] : [heap.arenas[0].top]) {
      expect(address).toBeNull();
      expect(offset).toBeGreaterThan(0);
    }
    expect(heap.arenas[0]?.heaps[0]?.address).toBeNull();
  });
});
