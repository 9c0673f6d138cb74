import { describe, expect, it } from "vitest";
import { assumedWritten } from "../../../src/replay/writes/assumed-written.ts";
import type { TouchPolicy } from "../../../src/replay/writes/touch.ts";
import { replayed } from "./replayed.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The bytes of live blocks that count as written without evidence; `ratio` is the fitted one. */
function assumed(policy: TouchPolicy, lines: readonly string[], ratio: number | null = null) {
  const { replay, ledger, touch, holes } = replayed(policy, lines);
  return assumedWritten(replay, ledger.blocks, touch, holes, ratio);
}

const block = (bytes: number, n = 0) => `1 malloc(${bytes}) = 0x7f0000${n}00010`;

describe("bytes that count as written without evidence", () => {
  it("are those of blocks above 32 KiB, listed apart from 1 MiB on", () => {
    const lines = [block(32 * KIB), block(33 * KIB, 1), block(MIB - 1, 2), block(MIB, 3)];
    expect(assumed("all", lines)).toEqual({
      blocks: 1,
      bytes: MIB,
      mediumBlocks: 2,
      mediumBytes: 33 * KIB + MIB - 1,
    });
  });

  it("are those that the policy writes", () => {
    expect(assumed({ ratio: 0.25 }, [block(MIB)]).bytes).toBe(MIB / 4);
    expect(assumed("none", [block(MIB)]).bytes).toBe(0);
    // libstdc++'s pool of 72704 bytes is never written.
    expect(assumed("facts", [block(72704)]).mediumBlocks).toBe(0);
  });

  it("are those at the fitted ratio if there is one", () => {
    expect(assumed({ fitted: null }, [block(MIB)], 0.5).bytes).toBe(MIB / 2);
  });

  it("are whole", () => {
    const sizes = [33_333, 41_017, MIB + 1];
    for (const ratio of [0.1, 0.3, 1 / 3, 0.999]) {
      const lines = sizes.map((size, n) => block(size, n));
      const found = [assumed({ ratio }, lines), assumed({ fitted: null }, lines, ratio)];
      for (const { bytes, mediumBytes } of found) {
        expect([bytes, mediumBytes].every(Number.isInteger)).toBe(true);
        expect(bytes).toBeCloseTo((MIB + 1) * ratio, -1);
      }
    }
  });

  it("are not those of a block of which a page at most is written", () => {
    expect(assumed({ ratio: 0.001 }, [block(4 * MIB)])).toMatchObject({
      blocks: 1,
      bytes: 4194,
    });
    expect(assumed({ ratio: 0.001 }, [block(3 * MIB)])).toMatchObject({ blocks: 0, bytes: 0 });
  });

  it("are not those of freed blocks, or of blocks whose writes the log states", () => {
    expect(assumed("all", [block(MIB), "1 free(0x7f0000000010)"]).blocks).toBe(0);
    expect(assumed("all", ["# holes min=4096", block(MIB)]).blocks).toBe(0);
  });
});
