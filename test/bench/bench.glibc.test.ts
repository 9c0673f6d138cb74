import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TouchBatch } from "../../src/replay/writes/touch.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { Action, ActionBatch } from "../../src/trace/actions.ts";
import { EVENTS_PER_BATCH } from "../../src/trace/columns.ts";
import { EventBatch } from "../../src/trace/event.ts";
import { realGlibc } from "../support/glibc-driver.ts";
import { CallsReader, CallsWriter } from "./calls-file.ts";
import { callsOfLog } from "./calls-of-log.ts";
import { largeBinCalls, liveSetCalls } from "./growth-calls.ts";
import { isInstalled } from "./needs.ts";
import { RECORDERS, Recording } from "./recorders.ts";
import { modelReplay } from "./rows/glibc.ts";
import { callsIn } from "./rows/overhead.ts";
import { pipeline } from "./rows/pipeline.ts";
import { makeCalls, Sandbox } from "./sandbox.ts";

/** Whether the benchmark's two sides do the same work. Nothing here is timed. */

const glibc = realGlibc();
if (!glibc.available) {
  it.skip(`the benchmark: ${glibc.reason}`);
}

let sandbox: Sandbox;

// Compiles all programs, and any warning is an error.
beforeAll(async () => {
  if (glibc.available) {
    sandbox = await Sandbox.open();
  }
});

afterAll(() => sandbox?.remove());

function linesOf(command: string): string[] {
  return sandbox.output(command).trim().split("\n");
}

function reportOf(log: string): Report {
  return JSON.parse(sandbox.output(`mallog --no-model --json ${log}`));
}

describe.skipIf(!glibc.available)("the programs that mallog is compared with", () => {
  it("the C parser agrees with mallog on each thread", () => {
    const log = sandbox.log({ events: 50_000 });
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

  it("the C parser counts the same without live blocks", () => {
    const log = sandbox.log({ events: 50_000 });
    const withoutLive = linesOf(`parse-log live < ${log}`).map((line) =>
      line.split(" ").slice(0, 8).join(" "),
    );
    expect(linesOf(`parse-log < ${log}`)).toEqual(withoutLive);
  });

  it("the C parser accepts the lines of mallog's fast path, and counts all others as malformed", () => {
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

  it("the pipeline counts as many lines of each thread as mallog", () => {
    const log = sandbox.log({ events: 50_000 });
    const counted = linesOf(pipeline(log)).map((line) => line.trim().split(" ").map(Number));
    const ours = reportOf(log).threads.map(({ lines, tid }) => [lines, tid]);
    expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(ours));
    expect(ours).toHaveLength(16);
  });
});

describe.skipIf(!glibc.available)("the program without a log", () => {
  it("makes the log's calls", () => {
    const recording = new Recording(sandbox, RECORDERS.hook, makeCalls({ events: 50_000 }));
    recording.run();
    const [theirs, ours] = [recording.file!, sandbox.log({ events: 50_000 })].map(reportOf);
    recording.remove();
    const volumes = ({ threads }: Report) =>
      threads.map(({ volumeBytes }) => volumeBytes).sort((a, b) => a - b);
    // The C library's own calls are among those of the log, too, and the last turn ends a few calls later.
    expect(theirs!.threads).toHaveLength(16);
    for (const [i, bytes] of volumes(theirs!).entries()) {
      expect(bytes / volumes(ours!)[i]!, `thread ${i}`).toBeCloseTo(1, 1);
    }
    expect(Math.abs(theirs!.live.blocks - ours!.live.blocks)).toBeLessThan(200);
  });

  it("takes all places first if it is told to", () => {
    const { live } = reportOf(sandbox.log({ events: 20_000, liveBlocks: 16_000, fills: true }));
    expect(live.blocks).toBeGreaterThanOrEqual(16_000);
    expect(live.blocks).toBeLessThan(16_000 + 100);
  });
});

describe.skipIf(!glibc.available)("the calls of both sides", () => {
  const work = {
    batch: new EventBatch(),
    actions: new ActionBatch(),
    touch: new TouchBatch(),
  };

  it("are read from their file as they were written", () => {
    const calls = new CallsWriter();
    calls.add(Action.malloc, 0, 100);
    calls.add(Action.memalign, 7, 2 ** 32 - 1, 4096);
    calls.endPreparation();
    calls.add(Action.realloc, 0, 200);
    calls.add(Action.free, 0);
    for (let i = 0; i < EVENTS_PER_BATCH; i++) {
      calls.add(Action.calloc, 1, i);
    }
    const path = sandbox.path("round-trip.calls");
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

  it("are refused if the file cannot hold them", () => {
    const calls = new CallsWriter();
    expect(() => calls.add(Action.malloc, 0, 2 ** 32)).toThrow(RangeError);
    expect(() => calls.add(Action.mallocTrim, 0)).toThrow(RangeError);
  });

  it("leave as many live blocks as the log, natively and in the model", () => {
    const log = sandbox.log({ events: 50_000, threads: 1 });
    const name = "one.calls";
    callsOfLog(sandbox.path(log)).write(sandbox.path(name));
    const { blocks } = reportOf(log).live;
    const live = (command: string) => Number(sandbox.output(command).split(" ")[1]);
    expect(blocks).toBeGreaterThan(1000);
    expect(live(`native-replay ${name}`)).toBe(blocks);
    expect(live(modelReplay(sandbox, "scenario", name, name))).toBe(blocks);
    expect(live(modelReplay(sandbox, "bare", name, name))).toBe(blocks);
  });

  it("of a growing live set and of a growing large bin are timed after their preparation", () => {
    for (const [calls, prepared] of [
      [liveSetCalls(100, 50), 100],
      [largeBinCalls(10, 50), 31],
    ] as const) {
      const path = sandbox.path("growth.calls");
      calls.write(path);
      const reader = new CallsReader(path);
      expect(reader.count - prepared).toBe(100);
      expect(reader.next(work) && work.batch.length).toBe(prepared);
      expect(reader.isPrepared).toBe(true);
    }
  });
});

describe.skipIf(!glibc.available)("the recorders", () => {
  /** 2000 calls, the frees of what is live at the end, and at most a hundred for starting it; one thread, for ltrace */
  const program = "./allocate 2000 1 40";

  it.each(Object.entries(RECORDERS))("%s: each run leaves a file of its own", (_name, recorder) => {
    if (!recorder.needs.every(isInstalled)) {
      return;
    }
    const recording = new Recording(sandbox, recorder, program);
    recording.run();
    const first = recording.file;
    recording.run();
    expect(recording.file === null).toBe(!recorder.writes);
    expect(recording.file === first).toBe(!recorder.writes);
    recording.remove();
  });

  it.each([RECORDERS.hook, RECORDERS.record])("the log has the program's calls", (recorder) => {
    const recording = new Recording(sandbox, recorder, program);
    recording.run();
    const calls = callsIn(sandbox, recording.file!);
    expect(calls).toBeGreaterThanOrEqual(2000 + 40);
    expect(calls).toBeLessThan(2000 + 40 + 100);
    recording.remove();
  });

  it("a run that leaves nothing fails", () => {
    const nothing = { ...RECORDERS.hook, command: () => "true" };
    expect(() => new Recording(sandbox, nothing, program).run()).toThrow("left 0 files");
  });
});

describe.skipIf(!glibc.available)("measuring", () => {
  it("gives the largest resident set of a command line's processes, or of one of its commands", () => {
    const all = sandbox.cost("head -c 50000000 /dev/zero | tail -c 50000000");
    expect(all.peakBytes).toBeGreaterThan(50e6);
    expect(all.wallSeconds).toBeGreaterThan(0);
    expect(all.processorSeconds).toBeGreaterThan(0);
    const head = "measured cost head -c 50000000 /dev/zero";
    expect(sandbox.costWithin(`${head} | tail -c 50000000`).peakBytes).toBeLessThan(20e6);
  });

  it("fails where a command fails", () => {
    expect(() => sandbox.cost("mallog missing.log 2> /dev/null | cat")).toThrow();
    expect(() => sandbox.output("false")).toThrow();
  });
});
