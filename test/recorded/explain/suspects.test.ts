import { beforeEach, describe, expect, it } from "vitest";
import { ADDR, GRANULE } from "../../../src/ptmalloc/chunks.ts";
import { suspects } from "../../../src/recorded/explain/suspects.ts";
import type { Calls } from "../../support/model-calls.ts";
import { type Process, process } from "../../support/model-driver.ts";

/** Four threads in the main arena, each with a block of 100 bytes; the main thread's lies lowest. */
let p: Process;
let threads: Calls[];

beforeEach(() => {
  p = process("2.36", { MALLOC_ARENA_MAX: "1" });
  p.malloc(100, "of thread 0");
  threads = [1, 2, 3].map((n) => {
    const thread = p.thread();
    thread.malloc(100, `of thread ${n}`);
    return thread;
  });
});

/** Where a block of `bytes` would lie whose pointer is `distance` bytes above the block named. */
function placeNear(name: string, distance: number, bytes: number) {
  const { words } = p.m.chunks;
  const c = p.chunkOf(name);
  return { heap: p.m.breakHeap.id, offset: (words[c + ADDR]! + 1) * GRANULE + distance, bytes };
}

describe("suspects", () => {
  it("are the threads that cache a chunk in the place, then the caller, then the arena's other threads", () => {
    const place = placeNear("of thread 2", 0, 100);
    threads[1]!.free("of thread 2");
    expect(suspects(p.m, 3, place)).toEqual([2, 3, 1]);
    expect(suspects(p.m, 1, place)).toEqual([2, 1, 3]);
  });

  it("are other threads before the caller, even if it caches a chunk there, too", () => {
    const place = placeNear("of thread 1", 0, 100);
    // The block of thread 2 lies above that of thread 1 and its own tcache.
    const wide = { ...place, bytes: 0x400 };
    threads[0]!.free("of thread 1");
    threads[1]!.free("of thread 2");
    expect(suspects(p.m, 1, wide)).toEqual([2, 1, 3]);
  });

  it("include a thread whose cached chunk borders on the place, from either side", () => {
    const above = placeNear("of thread 2", 112, 100);
    // The block's chunk ends where the cached one begins: 112 bytes with its header.
    const below = placeNear("of thread 2", -112, 96);
    threads[1]!.free("of thread 2");
    expect(suspects(p.m, 3, above)[0]).toBe(2);
    expect(suspects(p.m, 3, below)[0]).toBe(2);
    const apart = { ...above, offset: above.offset + 16 };
    expect(suspects(p.m, 3, apart)[0]).toBe(3);
  });

  it("do not include a thread for a chunk at the same offset of another heap", () => {
    const place = { ...placeNear("of thread 2", 0, 100), heap: 7 };
    threads[1]!.free("of thread 2");
    // No heap has this number: there are no threads of its arena either.
    expect(suspects(p.m, 3, place)).toEqual([3]);
  });

  it("never include the main thread", () => {
    const place = placeNear("of thread 0", 0, 100);
    p.free("of thread 0");
    expect(suspects(p.m, 0, place)).toEqual([1, 2, 3]);
  });

  it("include only threads that are attached to the arena", () => {
    const other = process("2.36");
    other.malloc(100);
    const [a, b] = [other.thread(), other.thread()];
    a.malloc(100);
    b.malloc(100);
    const place = { heap: other.heap(2).id, offset: 0x2000, bytes: 100 };
    expect(suspects(other.m, 1, place)).toEqual([1, 2]);
    expect(suspects(other.m, 0, place)).toEqual([2]);
  });
});
