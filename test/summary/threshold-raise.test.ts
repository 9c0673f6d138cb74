import { describe, expect, it } from "vitest";
import type { Report } from "../../src/report/contract/report.ts";
import { analyse, UNKNOWN_PROCESS } from "../support/corpus.ts";
import { LoggedProgram } from "../support/model-log.ts";

const OPTIONS = { ...UNKNOWN_PROCESS, recordedWith: {}, glibc: "2.36", cpus: 2 };

/** Two frees raise the thresholds; the second frees a block of another thread. */
function program(): LoggedProgram {
  const p = new LoggedProgram("2.36");
  const t = p.thread();
  p.malloc(200_000, "first");
  p.malloc(300_000, "second");
  p.malloc(150_000, "third");
  p.free("first");
  t.malloc(24, "small");
  t.free("second");
  p.free("third");
  return p;
}

function raiseOf(
  { text }: LoggedProgram,
  options: object = {},
  eventsPerBatch?: number,
): Report["thresholdRaise"] {
  return analyse(Buffer.from(text), { ...OPTIONS, ...options }, eventsPerBatch).thresholdRaise;
}

describe("the frees that raise the dynamic thresholds", () => {
  it.each([undefined, 1, 2])("are counted; the last is named (%s events a batch)", (batch) => {
    const raise = raiseOf(program(), {}, batch);
    expect(raise).toMatchObject({
      raises: 2,
      mmapThreshold: { fromBytes: 131_072, toBytes: 303_104 },
      trimThreshold: { fromBytes: 131_072, toBytes: 606_208 },
      free: { line: 6, tid: 2 },
      size: 300_000,
    });
  });

  it("have their call sites", () => {
    const lines = program().lines.map((line, i) => line.replace(" ", ` [0x${i + 1}00] `));
    const raise = analyse(Buffer.from(`${lines.join("\n")}\n`), OPTIONS).thresholdRaise;
    expect(raise).toMatchObject({ free: { caller: "0x600" } });
  });

  it("are none where a setting freezes the thresholds", () => {
    const p = new LoggedProgram("2.36", { MALLOC_MMAP_THRESHOLD_: "131072" });
    p.malloc(200_000, "block");
    p.free("block");
    const recordedWith = { MALLOC_MMAP_THRESHOLD_: "131072" };
    expect(raiseOf(p, { recordedWith })).toBeNull();
  });

  it("are none without a mapped block, or without a model", () => {
    const p = new LoggedProgram("2.36");
    p.malloc(2000, "block");
    p.free("block");
    expect(raiseOf(p)).toBeNull();
    expect(raiseOf(program(), { model: false })).toBeUndefined();
  });
});
