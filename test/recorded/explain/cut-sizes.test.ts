import { describe, expect, it } from "vitest";
import { analyse } from "../../support/corpus.ts";

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
