import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  BK,
  CACHED,
  FAST,
  FD,
  FREE,
  HEAP,
  IN_USE,
  MAPPED,
  NEXT,
  nextsizeWord,
  SIZE,
  STATE,
  STRIDE,
} from "../../src/ptmalloc/chunks.ts";
import { HEAP_RECORD, THREAD } from "../../src/ptmalloc/core-layout.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { PLANE_NONE } from "../../src/ptmalloc/resident.ts";
import { type Process, process } from "../support/model-driver.ts";

/**
 * A process with two arenas, chunks in use, cached, in fastbins, in the unsorted bin, a small bin, a large bin with
 * equal sizes, and a mapping.
 */
function validProcess(): Process {
  const p = process("2.36");
  const t = p.thread();
  t.malloc(24);
  const eight = Array.from({ length: 9 }, () => p.malloc(24));
  const free = [208, 208, 3200, 3264, 3200].map((size) => {
    const block = p.malloc(size - 8);
    p.malloc(24);
    return block;
  });
  const fillers = Array.from({ length: 7 }, () => p.malloc(200));
  p.malloc(2000, "below");
  p.malloc(2000, "used");
  p.malloc(2000, "above");
  p.malloc(2000, "unsorted");
  p.malloc(2000, "last");
  p.free(...fillers, ...free);
  p.malloc(60000);
  p.malloc(200000, "mapped");
  p.free("unsorted");
  p.free(...eight);
  expect([p.bin(13).length, p.binBytes(97), p.unsorted().length]).toEqual([
    2,
    [3264, 3200, 3200],
    1,
  ]);
  expect([p.tcache(32).length, p.fastbin(32).length]).toEqual([7, 2]);
  return p;
}

/** For each text of invariants.ts, a change of one word or of one chunk's links that violates it. */
const BROKEN: Record<string, (p: Process, w: Int32Array) => void> = {
  "top has state TOP": (p, w) => {
    w[p.m.mainArena.top + STATE] = IN_USE;
  },
  "system bytes are the sum of arenas and mappings": (p) => {
    p.m.systemBytes += 16;
  },
  "every free chunk is on one bin's list": (p, w) => {
    w[p.chunkOf("used") + STATE] = FREE;
  },
  "every fast chunk is in a fastbin": (p, w) => {
    w[p.chunkOf("used") + STATE] = FAST;
  },
  "every cached chunk is in a tcache": (p, w) => {
    w[p.chunkOf("used") + STATE] = CACHED;
  },
  "inUseGranules counts what the program holds": (p) => {
    p.m.inUseGranules++;
  },
  "a chunk refers to its heap": (p, w) => {
    w[p.chunkOf("used") + HEAP] = p.heap(1).id;
  },
  "a chunk has at least MINSIZE": (p, w) => {
    w[p.m.mainArena.top + SIZE] = 1;
  },
  "headers are resident": (p) => {
    p.heap(0).pages.drop(0, 1);
  },
  "neighbours are linked both ways": (p, w) => {
    w[p.chunkOf("used") + NEXT] = p.chunkOf("last");
  },
  "chunks leave no gap": (p, w) => {
    w[p.chunkOf("used") + SIZE]!--;
  },
  "free chunks are merged": (p, w) => {
    w[p.chunkOf("above") + STATE] = FREE;
  },
  "a chunk has a known state": (p, w) => {
    w[p.chunkOf("used") + STATE] = MAPPED;
  },
  "chunks fill the heap": (p) => {
    p.m.core.attached.f64[p.heap(1).address / 8 + HEAP_RECORD.size]! += 4096;
  },
  "a bin holds free chunks": (p, w) => {
    w[p.chunksIn(13)[0]! + STATE] = IN_USE;
  },
  "lists are linked both ways": (p, w) => {
    const [first, second] = p.chunksIn(13);
    w[second! + BK] = second!;
    expect(first).not.toBe(second);
  },
  "a bin holds its arena's chunks": (p) => {
    Object.assign(p.heap(0), { arena: p.m.arenas[1] });
  },
  "a chunk is in the bin of its size": (p, w) => {
    const [first, last] = p.chunksIn(13);
    const { bins } = p.m.mainArena;
    const [own, wrong] = [bins + 13 * STRIDE, bins + 14 * STRIDE];
    w[wrong + FD] = first!;
    w[wrong + BK] = last!;
    w[first! + BK] = wrong;
    w[last! + FD] = wrong;
    w[own + FD] = own;
    w[own + BK] = own;
  },
  "the binmap has the bit of a filled bin": (p) => {
    p.m.mainArena.binmap[13 >> 5]! &= ~(1 << 13);
  },
  "a bin is sorted": (p, w) => {
    // the largest goes to the back
    const [a, b, c] = p.chunksIn(97);
    const bin = p.m.mainArena.bins + 97 * STRIDE;
    w[bin + FD] = b!;
    w[b! + BK] = bin;
    w[c! + FD] = a!;
    w[a! + BK] = c!;
    w[a! + FD] = bin;
    w[bin + BK] = a!;
  },
  "the first of a size represents it": (p, w) => {
    const [, first, second] = p.chunksIn(97);
    w[nextsizeWord(second!)] = first!;
  },
  "the nextsize ring is linked both ways": (p, w) => {
    const [largest] = p.chunksIn(97);
    w[nextsizeWord(largest!) + 1] = largest!;
  },
  "a fastbin holds its size": (p) => {
    const { fastbins } = p.m.mainArena;
    fastbins[1] = fastbins[0]!;
  },
  "haveFastchunks is set while a fastbin is filled": (p) => {
    p.m.mainArena.haveFastchunks = false;
  },
  "a tcache bin holds its size": (p, w) => {
    const [main] = p.m.threads.all();
    const heads = p.m.threads.wordOf(main!.index, THREAD.heads) / 4;
    w[heads + 1] = p.m.threads.bins.head(main!, 0);
  },
  "a tcache bin has the right count": (p) => {
    const [main] = p.m.threads.all();
    const counts = p.m.threads.wordOf(main!.index, THREAD.counts) >>> 0;
    p.m.core.attached.u8[counts]!--;
  },
  "resident pages lie in the heap": (p) => {
    const heap = p.heap(1);
    heap.pages.addRange(heap.size / 4096, heap.size / 4096 + 1, 7);
  },
  "mappedStructBytes counts mapped structs": (p) => {
    p.m.mappedStructBytes += 4096;
  },
  "unloggedGranules counts UNLOGGED chunks": (p) => {
    p.m.unloggedGranules++;
  },
  "resident pages have the right count": (p) => {
    p.m.resident.add(PLANE_NONE, 1);
  },
};

describe("checkInvariants", () => {
  it("accepts a valid process", () => {
    expect(() => checkInvariants(validProcess().m)).not.toThrow();
  });

  it.each(Object.entries(BROKEN))("reports a violation of: %s", (what, breakIt) => {
    const p = validProcess();
    breakIt(p, p.m.chunks.words);
    expect(() => checkInvariants(p.m)).toThrow(`invariant broken: ${what} (at`);
  });

  it("has no check that is not tested here", () => {
    const source = readFileSync(
      new URL("../../src/ptmalloc/invariants.ts", import.meta.url),
      "utf8",
    );
    // the only strings with spaces in that file are the texts
    const texts = [...source.matchAll(/"(\w+ [^"]+)"/g)].map(([, text]) => text);
    expect(texts.toSorted()).toEqual(Object.keys(BROKEN).toSorted());
  });
});
