import { beforeEach, describe, expect, it } from "vitest";
import {
  ADDR,
  CACHED,
  FREE,
  GRANULE,
  IN_USE,
  NEXT,
  PREV,
  SIZE,
  STATE,
  TOP,
  UNLOGGED,
} from "../../src/ptmalloc/chunks.ts";
import { startBreakAt } from "../../src/ptmalloc/extent.ts";
import { findChunk } from "../../src/ptmalloc/find-chunk.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { placeChunk, startUnlogged, undoAllocation } from "../../src/ptmalloc/place.ts";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { noteRequest, requestedBytes } from "../../src/ptmalloc/requests.ts";
import { MallocPar } from "../../src/ptmalloc/settings.ts";
import { cutUnlogged, freeUnlogged } from "../../src/ptmalloc/unlogged.ts";

/** Forced placement at the addresses of a log (ptmalloc2.md §12). All invariants hold after each test. */

let m: Ptmalloc;
const state = (c: number): number => m.chunks.words[c + STATE]!;
const addr = (c: number): number => m.chunks.words[c + ADDR]!;
const size = (c: number): number => m.chunks.words[c + SIZE]!;
const below = (c: number): number => m.chunks.words[c + PREV]!;
const above = (c: number): number => m.chunks.words[c + NEXT]!;

beforeEach(() => {
  const profile = profileOf("2.36");
  if (profile === null) {
    throw new Error("2.36 is modelled");
  }
  m = new Ptmalloc(profile, new MallocPar(profile), 2);
  m.enter(0);
  return () => checkInvariants(m);
});

describe("a block placed within or above top", () => {
  it("makes the memory below it UNLOGGED and resident", () => {
    const first = m.malloc(24);
    const pages = m.resident.pages[1]!;
    const c = placeChunk(m, m.breakHeap, addr(first) + 2 + 3 * 256, 4);
    expect(state(c)).toBe(IN_USE);
    expect(state(below(c))).toBe(UNLOGGED);
    expect(size(below(c))).toBe(3 * 256);
    expect(m.unloggedGranules).toBe(3 * 256);
    expect(m.resident.pages[1]! - pages).toBe(3);
    expect(state(above(c))).toBe(TOP);
  });

  it("raises the break by the need and top_pad (§3.8)", () => {
    m.malloc(24);
    const before = m.brk;
    placeChunk(m, m.breakHeap, before / GRANULE + 256, 4);
    expect(m.brk - before).toBe(4096 + 64 + 131072 + 4096 - 64);
    expect(m.brk % 4096).toBe(0);
  });
});

describe("a block placed in a free chunk", () => {
  it("leaves the parts on both sides free", () => {
    const big = m.malloc(5000);
    m.malloc(24);
    m.free(big);
    expect(state(big)).toBe(FREE);
    const at = addr(big) + 100;
    const c = placeChunk(m, m.breakHeap, at, 10);
    expect([state(below(c)), size(below(c))]).toEqual([FREE, 100]);
    expect([state(above(c)), size(above(c))]).toEqual([FREE, 313 - 110]);
  });

  it("keeps a remainder that is too small for a chunk", () => {
    const block = m.malloc(2000);
    m.malloc(24);
    m.free(block);
    const granules = size(block);
    const c = placeChunk(m, m.breakHeap, addr(block), granules - 1);
    expect(size(c)).toBe(granules);
  });

  it("takes cached chunks off their tcache", () => {
    const a = m.malloc(24);
    const b = m.malloc(24);
    m.malloc(24);
    m.free(a);
    m.free(b);
    expect([state(a), state(b)]).toEqual([CACHED, CACHED]);
    const c = placeChunk(m, m.breakHeap, addr(a), 4);
    expect([addr(c), size(c), state(c)]).toEqual([addr(a), 4, IN_USE]);
    expect(m.threads.bins.count(m.thread, 0)).toBe(0);
  });
});

it("no block is placed over one that the program holds", () => {
  const a = m.malloc(100);
  expect(placeChunk(m, m.breakHeap, addr(a) + 2, 4)).toBe(0);
  expect(state(a)).toBe(IN_USE);
});

describe("an allocation that is undone", () => {
  it("returns to top if it was split off there", () => {
    m.malloc(24);
    const { top } = m.mainArena;
    const before = size(top);
    m.enter(0);
    undoAllocation(m, m.malloc(1000));
    expect(size(top)).toBe(before);
  });

  it("returns to the tcache if it was taken from there", () => {
    const a = m.malloc(24);
    m.malloc(24);
    m.free(a);
    m.enter(0);
    undoAllocation(m, m.malloc(24));
    expect(state(a)).toBe(CACHED);
    expect(m.malloc(24)).toBe(a);
  });
});

describe("a freed block that was allocated outside the log", () => {
  it("is freed up to the next known chunk", () => {
    const first = m.malloc(24);
    const c = placeChunk(m, m.breakHeap, addr(first) + 1000, 4);
    const gap = below(c);
    const upper = cutUnlogged(m, m.breakHeap, addr(gap) + 500);
    const lower = startUnlogged(m, m.breakHeap, addr(gap) + 300);
    expect([size(gap), size(lower), size(upper)]).toEqual([300, 200, 498]);
    freeUnlogged(m, lower);
    expect(state(lower)).toBe(FREE);
    expect(m.unloggedGranules).toBe(300 + 498);
  });

  it("is next to top if no chunk above it is known", () => {
    m.malloc(24);
    const { top } = m.mainArena;
    const start = addr(top);
    const c = startUnlogged(m, m.breakHeap, start + 400);
    expect(state(c)).toBe(UNLOGGED);
    freeUnlogged(m, c);
    expect(addr(m.mainArena.top)).toBe(start + 400);
    expect(m.unloggedGranules).toBe(400);
  });
});

it("a break area with an unknown start grows downwards, too", () => {
  const start = 256 * 1000;
  expect(startBreakAt(m, start + 7)).toBe(true);
  m.malloc(24);
  expect(findChunk(m, m.breakHeap, start)).not.toBe(0);
  const c = placeChunk(m, m.breakHeap, start - 256, 4);
  expect(addr(c)).toBe(start - 256);
  expect(m.unloggedGranules).toBe(256 - 4);
});

it("findChunk finds the chunk at any address, also after its hints are stale", () => {
  const blocks = Array.from({ length: 2000 }, () => m.malloc(100));
  const look = () => {
    for (const c of blocks) {
      expect(findChunk(m, m.breakHeap, addr(c) + 3)).toBe(c);
    }
  };
  look();
  const gone = blocks.splice(500, 1000);
  for (const c of gone) {
    m.free(c);
  }
  look();
  expect(findChunk(m, m.breakHeap, 2 ** 30)).toBe(0);
});

describe("a block placed at the end of one in use", () => {
  /** A chunk that includes a remainder of one granule (§3.5), and one of 126 granules above it. Returns the former. */
  function withRemainder(): number {
    const block = m.malloc(2000);
    m.malloc(2000);
    m.malloc(24);
    m.free(block);
    const lower = m.malloc(1984);
    expect(size(lower)).toBe(126);
    return lower;
  }

  it("takes the remainder, which the lower chunk did not have in the process", () => {
    const lower = withRemainder();
    m.free(above(lower));
    noteRequest(m, lower, 1984);
    const held = m.inUseGranules;
    const c = placeChunk(m, m.breakHeap, addr(lower) + 125, 1 + 60);
    expect([addr(c) - addr(lower), size(c), size(lower)]).toEqual([125, 61, 125]);
    expect([state(c), state(lower), state(above(c))]).toEqual([IN_USE, IN_USE, FREE]);
    expect(m.inUseGranules - held).toBe(60);
    expect(requestedBytes(m, lower)).toBe(1984);
  });

  it("gives a remainder below the block to the lower chunk, whose request stays", () => {
    const lower = m.malloc(100);
    noteRequest(m, lower, 100);
    const block = m.malloc(2000);
    m.malloc(24);
    m.free(block);
    const granules = size(lower);
    expect(state(placeChunk(m, m.breakHeap, addr(block) + 1, 4))).toBe(IN_USE);
    expect(size(lower)).toBe(granules + 1);
    expect(requestedBytes(m, lower)).toBe(100);
  });

  it("leaves the remainder if the block cannot lie there", () => {
    const lower = withRemainder();
    const held = m.inUseGranules;
    expect(placeChunk(m, m.breakHeap, addr(lower) + 125, 1 + 4)).toBe(0);
    expect(size(lower)).toBe(126);
    expect(m.inUseGranules).toBe(held);
  });

  it("does not split a tcache struct", () => {
    m.malloc(24);
    const struct = m.thread.tcacheStruct;
    const granules = size(struct);
    expect(placeChunk(m, m.breakHeap, addr(struct) + granules - 1, 4)).toBe(0);
    expect(size(struct)).toBe(granules);
  });
});

it("no block is placed between stretches of chunks, and nothing changes", () => {
  m.malloc(24);
  const gap = m.brk / GRANULE;
  m.foreignSbrk(65536);
  for (let i = 0; i < 2; i++) {
    m.malloc(100_000);
  }
  const { inUseGranules, unloggedGranules } = m;
  expect(placeChunk(m, m.breakHeap, gap + 2048, 4)).toBe(0);
  expect(m).toMatchObject({ inUseGranules, unloggedGranules });
});

describe("a block placed a granule above a tcache struct", () => {
  it("leaves the granule with the struct, not held by the program", () => {
    const big = m.malloc(5000);
    m.malloc(24);
    m.free(big);
    const struct = m.thread.tcacheStruct;
    expect(below(big)).toBe(struct);
    const granules = size(struct);
    const held = m.inUseGranules;
    const c = placeChunk(m, m.breakHeap, addr(big) + 1, 10);
    expect(size(struct)).toBe(granules + 1);
    expect(m.inUseGranules - held).toBe(size(c));
  });
});
