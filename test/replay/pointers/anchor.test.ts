import { beforeEach, describe, expect, it } from "vitest";
import {
  ADDR,
  GRANULE,
  HEAP,
  IN_USE,
  MAPPED,
  PREV,
  STATE,
  UNLOGGED,
} from "../../../src/ptmalloc/chunks.ts";
import { findChunk } from "../../../src/ptmalloc/find-chunk.ts";
import { HEAP_MAX } from "../../../src/ptmalloc/heap.ts";
import { checkInvariants } from "../../../src/ptmalloc/invariants.ts";
import { profileOf } from "../../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../../src/ptmalloc/ptmalloc.ts";
import { MallocPar } from "../../../src/ptmalloc/settings.ts";
import { AddressMap } from "../../../src/replay/pointers/address-map.ts";
import { anchor, findUnlogged, splitUnlogged } from "../../../src/replay/pointers/anchor.ts";

const BREAK = 0x5555_5555_9000;
/** a stretch of 64 MiB where the kernel maps heaps */
const MAPPINGS = 0x7f80_0000_0000;

let m: Ptmalloc;
let addresses: AddressMap;

function start(glibc: string): void {
  const profile = profileOf(glibc)!;
  m = new Ptmalloc(profile, new MallocPar(profile), 2);
  m.enter(0);
  addresses = new AddressMap();
  addresses.state.whole = true;
}

beforeEach(() => start("2.36"));

/** The model serves a request, and the log has its block at `pointer`. Returns the chunk there. */
function serveAt(pointer: number, bytes: number): number {
  m.enter(m.thread.index);
  const c = m.malloc(bytes);
  return addresses.holds(m, c, pointer) ? c : anchor(m, addresses, c, pointer, bytes);
}

/** Where a chunk's block lies, from the start of its heap. */
const offsetOf = (c: number) => (m.chunks.words[c + ADDR]! + 1) * GRANULE;
const stateOf = (c: number) => m.chunks.words[c + STATE]!;

describe("a block in a known heap", () => {
  beforeEach(() => {
    addresses.placeBreakHeap(m.breakHeap, BREAK);
    serveAt(BREAK + 0x2a0, 100);
  });

  it("moves to its logged place, and the memory below becomes UNLOGGED", () => {
    const c = serveAt(BREAK + 0x1010, 100);
    expect([offsetOf(c), stateOf(c)]).toEqual([0x1010, IN_USE]);
    const below = m.chunks.words[c + PREV]!;
    expect([offsetOf(below), stateOf(below)]).toEqual([0x310, UNLOGGED]);
    expect(m.inUseBytes).toBe(2 * 112);
    checkInvariants(m);
  });

  it("gives back the memory that the model served it from", () => {
    serveAt(BREAK + 0x1010, 100);
    // From the top again.
    expect(offsetOf(m.malloc(100))).toBe(0x1010 + 112);
  });

  it("moves from a mapping, too", () => {
    const c = serveAt(BREAK + 0x1010, 200_000);
    expect([offsetOf(c), m.mappedBlocks]).toEqual([0x1010, 0]);
  });

  it("is put where the model chooses if its place is taken", () => {
    // In the middle of the first block.
    const c = serveAt(BREAK + 0x2b0, 100);
    expect([offsetOf(c), stateOf(c)]).toEqual([0x310, IN_USE]);
    checkInvariants(m);
  });

  it("is put where the model chooses if no chunk can begin there", () => {
    expect(offsetOf(serveAt(BREAK + 0x1018, 100))).toBe(0x310);
  });

  it("stays mapped if no heap can hold it", () => {
    const c = m.malloc(2 ** 35);
    expect(anchor(m, addresses, c, BREAK + 0x1010, 2 ** 35)).toBe(c);
    expect(stateOf(c)).toBe(MAPPED);
  });
});

describe("a block with a mapping of its own", () => {
  it("is mapped, however small it is", () => {
    addresses.placeBreakHeap(m.breakHeap, BREAK);
    serveAt(BREAK + 0x2a0, 100);
    const c = serveAt(MAPPINGS + 0x5010, 100);
    expect([stateOf(c), m.mappedBlocks]).toEqual([MAPPED, 1]);
    expect(m.inUseGranules).toBe(7);
  });
});

describe("a thread that is not new", () => {
  it("has its tcache elsewhere if its first block in the log shows no room for one", () => {
    addresses.placeBreakHeap(m.breakHeap, BREAK);
    const c = serveAt(BREAK + 0x10, 100);
    expect(offsetOf(c)).toBe(0x10);
    expect([m.thread.tcache, m.thread.tcacheStruct]).toEqual(["active", 0]);
    checkInvariants(m);
  });

  it("changes to the arena of a large block", () => {
    addresses.placeBreakHeap(m.breakHeap, BREAK);
    serveAt(BREAK + 0x2a0, 100);
    m.enter(1);
    serveAt(MAPPINGS + 0xb70, 100);
    expect(m.thread.arena?.id).toBe(1);
    // A tcache may hold small chunks of any arena (trap T10).
    serveAt(BREAK + 0x1010, 100);
    expect(m.thread.arena?.id).toBe(1);
    serveAt(BREAK + 0x2010, 2000);
    expect(m.thread.arena?.id).toBe(0);
  });
});

describe("a block in an unknown heap", () => {
  beforeEach(() => {
    addresses.placeBreakHeap(m.breakHeap, BREAK);
    serveAt(BREAK + 0x2a0, 100);
  });

  it("shows the heap by itself where the kernel maps heaps", () => {
    const c = serveAt(MAPPINGS + 0x1230, 100);
    const heap = m.heapOf(c);
    expect([heap.kind, offsetOf(c)]).toEqual(["arena", 0x1230]);
    expect(addresses.placeOf(m, MAPPINGS + 0x1230, 100).heap).toBe(heap.id);
    checkInvariants(m);
  });

  it("takes over the new heap that the model has just made for it", () => {
    m.enter(1);
    // The model's place is +0xb70.
    const c = serveAt(MAPPINGS + 0x1230, 100);
    expect([m.arenas.length, m.heapOf(c).id, offsetOf(c)]).toEqual([2, 1, 0x1230]);
  });

  it("needs a second pointer once there are 64 arenas", () => {
    for (let n = 1; n < 64; n++) {
      serveAt(MAPPINGS + n * HEAP_MAX + 0x1230, 100);
    }
    expect(m.arenas).toHaveLength(64);
    const at = MAPPINGS - 8 * HEAP_MAX;
    expect(m.heapOf(serveAt(at + 0x1230, 100)).kind).toBe("break");
    expect(offsetOf(serveAt(at + 0x2230, 100))).toBe(0x2230);
    expect(m.arenas).toHaveLength(65);
  });
});

describe("a break area whose start is unknown", () => {
  it("is accepted with two pointers, and has memory below the first one", () => {
    const first = serveAt(BREAK + 0x5230, 100);
    expect(stateOf(first)).toBe(MAPPED);
    const second = serveAt(BREAK + 0x6230, 100);
    expect([stateOf(second), addresses.knows(m.breakHeap)]).toEqual([IN_USE, true]);
    // 1 GiB below the page of the pointer.
    expect(offsetOf(second)).toBe(2 ** 30 + 0x230);
    checkInvariants(m);
    // An earlier block may lie below.
    expect(offsetOf(serveAt(BREAK + 0x1230, 100))).toBe(2 ** 30 - 0x5000 + 0x230);
    checkInvariants(m);
  });
});

describe("cut pointers", () => {
  it("are accepted near known chunks only", () => {
    addresses.state.whole = false;
    addresses.placeBreakHeap(m.breakHeap, BREAK % 2 ** 32);
    const at = (offset: number) => (BREAK + offset) % 2 ** 32;
    serveAt(at(0x2a0), 100);
    // The top ends at 0x21000; 256 KiB above it a pointer may belong to any heap.
    expect(offsetOf(serveAt(at(0x21000 + 0x40230), 100))).toBe(0x310);
    expect(offsetOf(serveAt(at(0x21000 + 0x3f230), 100))).toBe(0x60230);
  });
});

describe("a block that was allocated outside the log", () => {
  beforeEach(() => {
    addresses.placeBreakHeap(m.breakHeap, BREAK);
    serveAt(BREAK + 0x10010, 100);
  });

  it("is a chunk that begins at its pointer", () => {
    const c = findUnlogged(m, addresses, BREAK + 0x8010);
    expect([offsetOf(c), stateOf(c)]).toEqual([0x8010, UNLOGGED]);
    checkInvariants(m);
  });

  it("is none where it has a mapping of its own, or cannot lie", () => {
    expect(findUnlogged(m, addresses, MAPPINGS + 0x5010)).toBe(0);
    expect(findUnlogged(m, addresses, BREAK + 0x8018)).toBe(0);
    // In the middle of a block of the log.
    expect(findUnlogged(m, addresses, BREAK + 0x10020)).toBe(0);
  });

  it("needs eight pointers where its heap is unknown", () => {
    const found = Array.from({ length: 8 }, (_, i) =>
      findUnlogged(m, addresses, MAPPINGS + 0x1230 + i * 0x1000),
    );
    expect(found.map((c) => c !== 0)).toEqual([...new Array(7).fill(false), true]);
    expect([offsetOf(found[7]!), m.heapOf(found[7]!).kind]).toEqual([0x8230, "arena"]);
  });

  it("cuts the chunk around it", () => {
    splitUnlogged(m, addresses, BREAK + 0x8010);
    const c = findChunk(m, m.breakHeap, 0x801);
    expect(m.chunks.words[c + ADDR]).toBe(0x800);
    splitUnlogged(m, addresses, MAPPINGS + 0x1230);
    splitUnlogged(m, addresses, BREAK + 0x8018);
    checkInvariants(m);
    expect(m.arenas).toHaveLength(1);
  });
});

describe("a block where an arena's own structures would be", () => {
  beforeEach(() => start("2.43"));

  it("has a mapping of its own, and shows no heap", () => {
    const arenas = m.arenas.length;
    const c = anchor(m, addresses, m.malloc(65), MAPPINGS + 64, 65);
    expect(m.chunks.words[c + STATE]).toBe(MAPPED);
    expect(m.arenas).toHaveLength(arenas);
    expect(addresses.placeOf(m, MAPPINGS + 64, 65).heap).toBe(-1);
  });

  it("is in a heap if it lies above them", () => {
    const c = anchor(m, addresses, m.malloc(65), MAPPINGS + 4096 + 64, 65);
    const { heap } = addresses.placeOf(m, MAPPINGS + 4096 + 64, 65);
    expect(heap).toBe(m.chunks.words[c + HEAP]);
    expect(m.heaps[heap]?.size).toBeLessThan(HEAP_MAX);
  });
});
