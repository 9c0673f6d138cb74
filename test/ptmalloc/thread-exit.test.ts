import { describe, expect, it } from "vitest";
import { arena1, process, times } from "../support/model-driver.ts";

describe("a thread's tcache at its end (§6.4, T28)", () => {
  it("is flushed bin by bin, each from its head; small chunks go to fastbins", () => {
    const p = process("2.36");
    const t = p.thread();
    const [a, b, c, d] = [40, 24, 24, 200].map((size) => {
      const block = t.malloc(size);
      t.malloc(1500);
      return block;
    });
    t.free(a!, b!, c!, d!);
    t.exit();
    // of the 24-byte blocks, c is the head and goes first, so b ends up above it
    expect([p.fastbin(32, 1), p.fastbin(48, 1)]).toEqual([[b, c], [a]]);
    // then the larger one, then the struct
    expect(p.unsorted(1)).toEqual([arena1(0x8e0)[0], d]);
  });

  it("2.43 merges all chunks", () => {
    const p = process("2.43");
    const t = p.thread();
    const blocks = [24, 200].map((size) => {
      const block = t.malloc(size);
      t.malloc(1500);
      return block;
    });
    t.free(...blocks);
    t.exit();
    expect([p.bin(2, 1), p.bin(13, 1)]).toEqual([[blocks[0]], [blocks[1]]]);
  });

  it("chunks of other arenas return to them", () => {
    const p = process("2.36");
    const block = p.malloc(24);
    const t = p.thread();
    t.free(block);
    t.exit();
    expect([p.fastbin(32), p.fastbin(32, 1)]).toEqual([[block], []]);
  });

  it("chunks in fastbins merge only at a consolidation, which then trims a page of the heap", () => {
    const p = process("2.36");
    const t = p.thread();
    const blocks = times(7, () => t.malloc(24));
    t.free(...blocks);
    t.exit();
    expect(p.fastbin(32, 1).length).toBe(7);
    p.trim(0);
    expect([p.fastbin(32, 1), p.top(1)]).toEqual([[], 0x21000 - 0x8d0]);
  });

  it("the next thread's struct reuses the chunk of the previous one", () => {
    const p = process("2.36");
    const first = p.thread();
    first.malloc(24);
    first.exit();
    const second = p.thread();
    second.malloc(24);
    expect(p.tcacheStructs).toEqual(arena1(0x8e0));
    expect(second.arena).toBe("arena1");
  });

  it("a thread that made no call leaves nothing", () => {
    const p = process("2.36");
    p.malloc(24);
    p.thread().exit();
    expect([p.m.arenas.length, p.m.freeList.head]).toEqual([1, null]);
  });

  it("without a tcache the thread only detaches from its arena", () => {
    const p = process("2.23");
    const t = p.thread();
    const block = t.malloc(24);
    t.free(block);
    t.exit();
    expect(p.fastbin(32, 1)).toEqual([block]);
    expect([p.m.freeList.head, p.m.arenas[1]?.nextFree]).toEqual([p.m.arenas[1], null]);
  });
});
