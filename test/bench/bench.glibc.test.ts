import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Work } from "../../src/replay/work.ts";
import { TouchBatch } from "../../src/replay/writes/touch.ts";
import type { Report } from "../../src/report/report.ts";
import { Action, ActionBatch } from "../../src/trace/actions.ts";
import { EVENTS_PER_BATCH } from "../../src/trace/columns.ts";
import { EventBatch } from "../../src/trace/event.ts";
import { realGlibc } from "../support/glibc-driver.ts";
import { CallsReader, CallsWriter } from "./calls-file.ts";
import { callsOfLog } from "./calls-of-log.ts";
import { largeBinCalls, liveSetCalls } from "./growth-calls.ts";
import { inTurns, median } from "./row.ts";
import { modelReplay } from "./rows/glibc.ts";
import { pipeline } from "./rows/pipeline.ts";
import { Workshop } from "./workshop.ts";

/** Whether the benchmark compares like with like; nothing here is timed. */

const glibc = realGlibc();
if (!glibc.available) {
  it.skip(`the benchmark: ${glibc.reason}`);
}

let workshop: Workshop;

// Compiles all programs, and any warning is an error.
beforeAll(async () => {
  if (glibc.available) {
    workshop = await Workshop.open();
  }
});

afterAll(() => workshop?.remove());

function linesOf(command: string): string[] {
  return workshop.output(command).trim().split("\n");
}

function reportOf(log: string): Report {
  return JSON.parse(workshop.output(`mallog --no-model --json ${log}`));
}

describe.skipIf(!glibc.available)("what mallog is held against", () => {
  it("the C parser says of each thread what mallog says", () => {
    const log = workshop.log(50_000);
    const { threads } = reportOf(log);
    const theirs = linesOf(`parse-log live < ${log}`);
    expect(theirs.splice(-2)).toEqual(["malformed 0", "bits 64"]);
    const [start] = theirs.map((line) => Number(line.split(" ")[6])).sort((a, b) => a - b);
    const ours = threads.map(
      ({ tid, calls: { malloc, calloc, realloc, free }, volumeBytes, ...rest }) => {
        const times = [rest.firstTime, rest.lastTime].map(
          (t) => Math.round((t ?? 0) * 1e6) + start!,
        );
        const live = [rest.liveBytes, rest.liveBlocks];
        return [tid, malloc, calloc, realloc, free, volumeBytes, ...times, ...live].join(" ");
      },
    );
    expect(ours).toHaveLength(16);
    expect(theirs.sort()).toEqual(ours.sort());
  });

  it("the C parser without live blocks counts the same", () => {
    const log = workshop.log(50_000);
    const withoutLive = linesOf(`parse-log live < ${log}`).map((line) =>
      line.split(" ").slice(0, 8).join(" "),
    );
    expect(linesOf(`parse-log < ${log}`)).toEqual(withoutLive);
  });

  it("the C parser is as strict as mallog's fast path, and counts the rest", () => {
    const bad = [
      "7 00:00:00.000001 [0x55] malloc(100)  = 0x5581000002a0",
      "7 00:60:00.000001 [0x55] malloc(100) = 0x5581000002a0",
      "7 00:00:00.000001 [0x55] malloc(0x64) = 0x5581000002a0",
      "7 00:00:00.000001 [0x55] free(0x5581000002a0",
      "7 00:00:00.000001 [0x55] mallocs(100) = 0x5581000002a0",
      "",
      "# glibc 2.36",
    ];
    const good = "7 00:00:00.000002 [0x55] malloc(100)\t= 0x5581000002a0\r";
    const lines = [...bad, good].map((line) => `${line}\\n`).join("");
    expect(linesOf(`printf '${lines}' | parse-log`)).toEqual([
      "7 1 0 0 0 100 2 2",
      `malformed ${bad.length}`,
      "bits 64",
    ]);
  });

  it("the pipeline counts the lines of each thread as mallog does", () => {
    const log = workshop.log(50_000);
    const counted = linesOf(pipeline(log)).map((line) => line.trim().split(" ").map(Number));
    const ours = reportOf(log).threads.map(({ lines, tid }) => [lines, tid]);
    expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(ours));
    expect(ours).toHaveLength(16);
  });
});

describe.skipIf(!glibc.available)("calls for both sides", () => {
  const work: Work = {
    batch: new EventBatch(),
    actions: new ActionBatch(),
    touch: new TouchBatch(),
  };

  it("come out of their file as they went in", () => {
    const calls = new CallsWriter();
    calls.add(Action.malloc, 0, 100);
    calls.add(Action.memalign, 7, 2 ** 32 - 1, 4096);
    calls.endPreparation();
    calls.add(Action.realloc, 0, 200);
    calls.add(Action.free, 0);
    for (let i = 0; i < EVENTS_PER_BATCH; i++) {
      calls.add(Action.calloc, 1, i);
    }
    const path = workshop.path("round-trip.calls");
    calls.write(path);

    const reader = new CallsReader(path);
    expect(reader.count).toBe(4 + EVENTS_PER_BATCH);
    expect(reader.blocks).toBe(8);
    const { batch, actions } = work;
    const read: unknown[] = [];
    const lengths: [number, boolean][] = [];
    for (let timed = reader.isPrepared; reader.next(work); timed = reader.isPrepared) {
      lengths.push([batch.length, timed]);
      for (let i = 0; i < batch.length; i++) {
        const { action, block, oldSize } = actions;
        read.push([action[i], block[i], batch.size[i], batch.align[i], oldSize[i]]);
      }
    }
    expect(lengths).toEqual([
      [2, false],
      [EVENTS_PER_BATCH, true],
      [2, true],
    ]);
    expect(read.slice(0, 4)).toEqual([
      [Action.malloc, 0, 100, 0, 0],
      [Action.memalign, 7, 2 ** 32 - 1, 4096, 0],
      [Action.realloc, 0, 200, 0, 100],
      [Action.free, 0, 0, 0, 200],
    ]);
    expect(read.at(-1)).toEqual([Action.calloc, 1, EVENTS_PER_BATCH - 1, 0, EVENTS_PER_BATCH - 2]);
  });

  it("must fit the file", () => {
    const calls = new CallsWriter();
    expect(() => calls.add(Action.malloc, 0, 2 ** 32)).toThrow(RangeError);
    expect(() => calls.add(Action.mallocTrim, 0)).toThrow(RangeError);
  });

  it("leave as many blocks as the log, natively and in the model", () => {
    const log = workshop.log(50_000, 1);
    const name = "one.calls";
    callsOfLog(workshop.path(log)).write(workshop.path(name));
    const { blocks } = reportOf(log).live;
    const live = (command: string) => Number(workshop.output(command).split(" ")[1]);
    expect(blocks).toBeGreaterThan(1000);
    expect(live(`native-replay ${name}`)).toBe(blocks);
    expect(live(modelReplay(workshop, "scenario", name, name))).toBe(blocks);
    expect(live(modelReplay(workshop, "bare", name, name))).toBe(blocks);
  });

  it("of a growing live set, and of a growing large bin, are timed behind their preparation", () => {
    for (const [calls, prepared] of [
      [liveSetCalls(100, 50), 100],
      [largeBinCalls(10, 50), 31],
    ] as const) {
      const path = workshop.path("growth.calls");
      calls.write(path);
      const reader = new CallsReader(path);
      expect(reader.count - prepared).toBe(100);
      expect(reader.next(work) && work.batch.length).toBe(prepared);
      expect(reader.isPrepared).toBe(true);
    }
  });
});

describe.skipIf(!glibc.available)("measuring", () => {
  it("tells the largest process of a command line, of all or of the one asked for", () => {
    const all = workshop.cost("head -c 50000000 /dev/zero | tail -c 50000000");
    expect(all.peakBytes).toBeGreaterThan(50e6);
    expect(all.wallSeconds).toBeGreaterThan(0);
    expect(all.processorSeconds).toBeGreaterThan(0);
    const head = "measured cost head -c 50000000 /dev/zero";
    expect(workshop.costWithin(`${head} | tail -c 50000000`).peakBytes).toBeLessThan(20e6);
  });

  it("fails where a command fails", () => {
    expect(() => workshop.cost("mallog missing.log 2> /dev/null | cat")).toThrow();
    expect(() => workshop.output("false")).toThrow();
  });

  it("lets each begin in its turn", () => {
    const begun: string[] = [];
    const measure = (name: string) => () => begun.push(name);
    const rounds = inTurns(3, [measure("a"), measure("b")]);
    expect(begun.join("")).toBe("abbaab");
    expect(rounds).toEqual([
      [1, 2],
      [4, 3],
      [5, 6],
    ]);
  });

  it("takes the middle, or what lies between the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});
