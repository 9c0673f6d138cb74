import { describe, expect, it } from "vitest";
import { lowestRatio, OF_SEVERAL_SIZES } from "../../../src/replay/writes/lowest-ratio.ts";
import { replayed } from "./replayed.ts";

const KIB = 1024;

let next = 0;
const block = (bytes: number, call = "malloc"): string => {
  next += 0x100000;
  return `1 ${call}(${bytes}) = 0x${(0x7f0000000010 + next).toString(16)}`;
};

function lowest(...lines: string[]): number {
  const { replay, ledger, touch, holes } = replayed("facts", lines);
  return lowestRatio(replay, ledger.blocks, touch, holes);
}

describe("the lowest plausible ratio", () => {
  it("is a quarter where no size of block has more than half of the uncertain bytes", () => {
    expect(OF_SEVERAL_SIZES).toBe(0.25);
    expect(lowest(block(64 * KIB), block(64 * KIB), block(128 * KIB))).toBe(0.25);
    expect(lowest(block(64 * KIB), block(40_000), block(50_000))).toBe(0.25);
    expect(lowest()).toBe(0.25);
  });

  it("is 0 where one size has more: blocks of one size are written alike", () => {
    expect(lowest(block(64 * KIB))).toBe(0);
    expect(lowest(block(64 * KIB), block(64 * KIB), block(64 * KIB), block(128 * KIB))).toBe(0);
    expect(lowest(block(4096), block(1000))).toBe(0);
  });

  it("does not depend on small blocks, nor on those that a library leaves unwritten", () => {
    expect(lowest(block(4095))).toBe(0.25);
    const three = [block(40_000), block(40_008), block(40_016)];
    expect(lowest(...three, block(72704), block(72704), block(72704))).toBe(0.25);
    expect(lowest(block(40_000), ...Array.from({ length: 50 }, () => block(4000)))).toBe(0);
  });

  it("depends on the blocks that are live, by what the program has not grown them from", () => {
    const [first, second] = [block(40_000), block(40_000)];
    const pointer = (line: string) => line.split(" = ")[1]!;
    expect(lowest(first, block(50_000), second)).toBe(0);
    expect(lowest(first, block(40_000 + 40_000), second)).toBe(0.25);
    const third = block(40_000);
    expect(lowest(first, second, third, `1 free(${pointer(second)})`, block(80_000))).toBe(0.25);
    // Of the 80,000 bytes the first 40,000 were full.
    const grown = `1 realloc(${pointer(first)}, 80000) = ${pointer(first)}`;
    expect(lowest(first, second, grown)).toBe(0.25);
  });

  it("does not depend on blocks of which the log states what is written", () => {
    const stated = [
      "# holes min=65536",
      block(65536),
      block(65536),
      block(40_000),
      block(40_008),
      block(40_016),
    ];
    expect(lowest(...stated)).toBe(0.25);
  });
});
