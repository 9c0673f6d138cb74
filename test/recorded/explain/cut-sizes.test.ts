import { beforeEach, describe, expect, it } from "vitest";
import { CutSizes } from "../../../src/recorded/explain/cut-sizes.ts";
import type { GuidedReplay } from "../../../src/recorded/guided-replay.ts";
import { analyse } from "../../support/corpus.ts";
import { LoggedProgram } from "../../support/model-log.ts";
import { batchesOf, guidedReplay, originOf, prepare } from "../../support/prepared-log.ts";

function analysed(log: string) {
  return analyse(Buffer.from(log), {
    model: true,
    whatIfs: [],
    recordedWith: null,
    glibc: "auto",
    cpus: null,
    hostCpus: 2,
    touch: "facts",
    thp: null,
  });
}

describe("small blocks with mappings of their own", () => {
  const HEAP = 0x5555_5555_7000;
  const MAPPED = 0x7f00_0000_0010;
  const inHeap = Array.from({ length: 300 }, (_, i) => malloc(1, 100, HEAP + 0x2a0 + i * 112));
  const cutSizes = (...lines: string[]) =>
    analysed(`${[...inHeap, ...lines].join("\n")}\n`).model?.inferred.cutSizes;

  it("are larger than printed if nothing else explains them", () => {
    expect(cutSizes(malloc(1, 200, MAPPED))).toBe(1);
  });

  it("are as printed if the program has lowered its mmap threshold, in the log or outside it", () => {
    expect(cutSizes("1 mallopt(-3, 64) = 1", malloc(1, 200, MAPPED))).toBe(0);
    const downwards = [0, 1, 2, 3].map((i) => malloc(1, 200, MAPPED - i * 4096));
    expect(cutSizes(...downwards)).toBe(0);
  });

  it("are judged in their place after the lines around them are put in order", () => {
    const first = HEAP + 0x2a0;
    const lines = [
      // Thread 3 frees this block before it is returned again; its line came late.
      malloc(1, 100, first),
      `1 free(0x${(first + 112).toString(16)})`,
      malloc(2, 200, MAPPED),
      `3 free(0x${first.toString(16)})`,
    ];
    expect(cutSizes(...lines)).toBe(1);
  });

  it("are as printed if a thread's heap lies in the 4 GiB", () => {
    const heap = MAPPED - 0x10 + 2 ** 30;
    const ofThread = [0, 1].map((i) => malloc(2, 100, heap + 0xb70 + i * 112));
    expect(cutSizes(...ofThread, malloc(1, 200, MAPPED))).toBe(0);
  });
});

function malloc(tid: number, size: number, pointer: number): string {
  return `${tid} malloc(${size}) = 0x${pointer.toString(16)}`;
}

const CUT = 2 ** 32;

describe("the search for cut sizes", () => {
  let p: LoggedProgram;
  let guided: GuidedReplay;
  let found: CutSizes;

  beforeEach(() => {
    p = new LoggedProgram("2.36");
    p.cutsSizes = true;
    for (let i = 0; i < 5; i++) {
      p.malloc(1000);
    }
    const { work } = prepare(p.lines).batches[0]!;
    guided = guidedReplay(originOf("2.36"));
    guided.replay.run(work, 0, work.batch.length);
    p.lines.length = 0;
    found = new CutSizes();
  });

  /** The lines that the program has logged since; their sizes as they are after the search. */
  function batch() {
    return batchesOf(p.lines)[0]!;
  }

  /** Searches a batch whose first event is number `event`; judges only its first event. */
  function search(event: number): number[] {
    const one = batch();
    if (found.correct(one, 0, null, guided) === 0) {
      found.judgeFirst(one, null, guided, event);
      found.correct(one, 1, null, guided);
    }
    return [...one.size.subarray(0, one.length)];
  }

  it("stops at a small block with a mapping of its own, for a replay that has reached it", () => {
    p.malloc(1000);
    p.malloc(CUT + 100);
    expect(found.correct(batch(), 0, null, guided)).toBe(1);
    expect(found.count).toBe(0);
  });

  it("restores 4 GiB of that block, and counts it as a mismatch", () => {
    p.malloc(CUT + 100);
    expect(search(77)).toEqual([CUT + 100]);
    expect([found.count, found.unforeseen]).toEqual([1, 1]);
    expect(found.firstDivergence).toMatchObject({ event: 77, line: 1 });
  });

  it("restores as many times 4 GiB as the mapping above it shows", () => {
    p.malloc(CUT + 100);
    p.malloc(3 * CUT + 100);
    expect(search(1)).toEqual([CUT + 100, 3 * CUT + 100]);
  });

  it("restores blocks that may be mapped as printed once the hook is known to cut", () => {
    p.malloc(CUT + 100);
    p.malloc(2 * CUT + 1_000_000);
    expect(search(1)).toEqual([CUT + 100, 2 * CUT + 1_000_000]);
    // Their place was foreseen.
    expect([found.count, found.unforeseen]).toEqual([2, 1]);
  });

  it("leaves such blocks before", () => {
    p.malloc(2 * CUT + 1_000_000);
    expect(search(1)).toEqual([1_000_000]);
  });

  it("ends with the first whole size of 4 GiB", () => {
    p.cutsSizes = false;
    p.malloc(CUT);
    p.cutsSizes = true;
    p.malloc(CUT + 100);
    expect(found.correct(batch(), 0, null, guided)).toBe(-1);
  });

  it("ends after 32 suspicions that the replay refutes", () => {
    p.malloc(CUT + 100);
    const one = batch();
    for (let i = 0; i < 32; i++) {
      expect(found.correct(one, 0, null, guided)).toBe(0);
      // A replay that has yet to begin can judge nothing.
      found.judgeFirst(one, null, null, 1);
    }
    expect(found.correct(one, 0, null, guided)).toBe(-1);
  });
});
