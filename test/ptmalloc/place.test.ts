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
import { MallocPar } from "../../src/ptmalloc/settings.ts";
import { cutUnlogged, freeUnlogged } from "../../src/ptmalloc/unlogged.ts";

/** Blocks put where a log says they are (ptmalloc2.md §12): all invariants hold after each. */

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

describe("a block placed above the top's start", () => {
  it("leaves what lies between in other hands, resident", () => {
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

  it("has the break grow by what it needs and top_pad (§3.8)", () => {
    m.malloc(24);
    const before = m.brk;
    placeChunk(m, m.breakHeap, before / GRANULE + 256, 4);
    expect(m.brk - before).toBe(4096 + 64 + 131072 + 4096 - 64);
    expect(m.brk % 4096).toBe(0);
  });
});

describe("a block placed in a free chunk", () => {
  it("leaves free what lies on either side", () => {
    const big = m.malloc(5000);
    m.malloc(24);
    m.free(big);
    expect(state(big)).toBe(FREE);
    const at = addr(big) + 100;
    const c = placeChunk(m, m.breakHeap, at, 10);
    expect([state(below(c)), size(below(c))]).toEqual([FREE, 100]);
    expect([state(above(c)), size(above(c))]).toEqual([FREE, 313 - 110]);
  });

  it("takes a rest too small for a chunk with it", () => {
    const block = m.malloc(2000);
    m.malloc(24);
    m.free(block);
    const granules = size(block);
    const c = placeChunk(m, m.breakHeap, addr(block), granules - 1);
    expect(size(c)).toBe(granules);
  });

  it("takes cached chunks out of the cache they are in", () => {
    const a = m.malloc(24);
    const b = m.malloc(24);
    m.malloc(24);
    m.free(a);
    m.free(b);
    expect([state(a), state(b)]).toEqual([CACHED, CACHED]);
    const c = placeChunk(m, m.breakHeap, addr(a), 4);
    expect([addr(c), size(c), state(c)]).toEqual([addr(a), 4, IN_USE]);
    expect(m.thread.counts[0]).toBe(0);
  });
});

it("no block is placed onto one that the program has", () => {
  const a = m.malloc(100);
  expect(placeChunk(m, m.breakHeap, addr(a) + 2, 4)).toBe(0);
  expect(state(a)).toBe(IN_USE);
});

describe("what is given back", () => {
  it("goes to the top it was cut from", () => {
    m.malloc(24);
    const { top } = m.mainArena;
    const before = size(top);
    m.enter(0);
    undoAllocation(m, m.malloc(1000));
    expect(size(top)).toBe(before);
  });

  it("goes to the cache it was served from", () => {
    const a = m.malloc(24);
    m.malloc(24);
    m.free(a);
    m.enter(0);
    undoAllocation(m, m.malloc(24));
    expect(state(a)).toBe(CACHED);
    expect(m.malloc(24)).toBe(a);
  });
});

describe("a block that no line showed being allocated", () => {
  it("reaches up to the next one that is known of, and is freed so", () => {
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

  it("borders on the top where nothing above it is known of", () => {
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

it("a break area of which only the middle is known grows downwards, too", () => {
  const start = 256 * 1000;
  expect(startBreakAt(m, start + 7)).toBe(true);
  m.malloc(24);
  expect(findChunk(m, m.breakHeap, start)).not.toBe(0);
  const c = placeChunk(m, m.breakHeap, start - 256, 4);
  expect(addr(c)).toBe(start - 256);
  expect(m.unloggedGranules).toBe(256 - 4);
});

it("finds the chunk at any address, also after the records it knew are gone", () => {
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

describe("a block placed where one in use reaches a little beyond it", () => {
  /** A block with a rest of one granule, which is handed out with its chunk (§3.5), and one of 126 granules above it. */
  function withRest(): number {
    const block = m.malloc(2000);
    m.malloc(2000);
    m.malloc(24);
    m.free(block);
    const lower = m.malloc(1984);
    expect(size(lower)).toBe(126);
    return lower;
  }

  it("takes the rest that the lower one had not in the process", () => {
    const lower = withRest();
    m.free(above(lower));
    const held = m.inUseGranules;
    const c = placeChunk(m, m.breakHeap, addr(lower) + 125, 1 + 60);
    expect([addr(c) - addr(lower), size(c), size(lower)]).toEqual([125, 61, 125]);
    expect([state(c), state(lower), state(above(c))]).toEqual([IN_USE, IN_USE, FREE]);
    expect(m.inUseGranules - held).toBe(60);
  });

  it("leaves it where the block cannot lie there", () => {
    const lower = withRest();
    const held = m.inUseGranules;
    expect(placeChunk(m, m.breakHeap, addr(lower) + 125, 1 + 4)).toBe(0);
    expect(size(lower)).toBe(126);
    expect(m.inUseGranules).toBe(held);
  });

  it("leaves the struct of a tcache whole", () => {
    m.malloc(24);
    const struct = m.thread.tcacheStruct;
    const granules = size(struct);
    expect(placeChunk(m, m.breakHeap, addr(struct) + granules - 1, 4)).toBe(0);
    expect(size(struct)).toBe(granules);
  });
});

it("is placed nowhere between stretches of chunks, and changes nothing", () => {
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

describe("a block placed a granule above the struct of a tcache", () => {
  it("leaves that with the struct, in nobody's hands but glibc's", () => {
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
