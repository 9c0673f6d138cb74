import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { structBytes } from "../../../src/ptmalloc/arenas.ts";
import { HEAP_MAX } from "../../../src/ptmalloc/heap.ts";
import { AddressMap } from "../../../src/replay/pointers/address-map.ts";
import type { Calls } from "../../support/model-calls.ts";
import { type Process, process } from "../../support/model-driver.ts";

/** Where the program's heaps lie: its break, and two heaps of other arenas. */
const BREAK = 0x5555_5555_9000;
const HEAP_1 = 0x7fff_f000_0000;
const HEAP_2 = 0x7fff_e800_0000;
const MAPPING = 0x7fff_f700_0000;
/** in the first heap of an arena of glibc 2.36: its own structures, a tcache, and then the first block */
const STRUCTS = 0x8c8;
const FIRST_IN_ARENA = 0xb70;
/** the first block of the break area, above a tcache */
const FIRST = 0x2a0;
const CUT = 2 ** 32;

let p: Process;
let t: Calls;
let map: AddressMap;

/** A process with a block in the main heap and one in arena 1, whose pointers the map has seen. */
beforeEach(() => {
  p = process("2.36");
  t = p.thread();
  p.malloc(100, "main");
  t.malloc(100, "other");
  map = new AddressMap();
  map.state.whole = true;
  map.holds(p.m, p.chunkOf("main"), BREAK + FIRST);
  map.holds(p.m, t.chunkOf("other"), HEAP_1 + FIRST_IN_ARENA);
});

describe("the first block of a heap", () => {
  it("shows where the heap begins", () => {
    const fresh = new AddressMap();
    fresh.state.whole = true;
    expect(fresh.knows(p.m.breakHeap)).toBe(false);
    expect(fresh.holds(p.m, p.chunkOf("main"), BREAK + FIRST)).toBe(true);
    expect(fresh.holds(p.m, t.chunkOf("other"), HEAP_1 + FIRST_IN_ARENA)).toBe(true);
    expect(fresh.knows(p.m.breakHeap)).toBe(true);
    expect(fresh.hasHeapAt(p.m, HEAP_1)).toBe(true);
    expect(fresh.hasHeapAt(p.m, HEAP_2)).toBe(false);
  });

  it("mismatches where no heap can begin, and the place of the heap stays unknown", () => {
    const fresh = new AddressMap();
    fresh.state.whole = true;
    // Break areas begin with a page, arenas' heaps at a multiple of 64 MiB.
    expect(fresh.holds(p.m, p.chunkOf("main"), BREAK + FIRST + 16)).toBe(false);
    expect(fresh.holds(p.m, t.chunkOf("other"), HEAP_1 + 4096 + FIRST_IN_ARENA)).toBe(false);
    expect([fresh.knows(p.m.breakHeap), fresh.knows(p.heap(1))]).toEqual([false, false]);
    // It is bound no more.
    expect(fresh.holds(p.m, p.chunkOf("main"), BREAK + FIRST)).toBe(false);
  });

  it("gives no address below 0, where an assumed start of the heap may lie", () => {
    map.place(p.m.breakHeap, -8192);
    expect(map.addressIn(p.m.breakHeap, 4096)).toBeNaN();
    expect(map.addressIn(p.m.breakHeap, 8192)).toBe(0);
  });

  it("does not put two heaps at one address", () => {
    const other = p.thread();
    other.malloc(100, "third");
    expect(map.holds(p.m, other.chunkOf("third"), HEAP_1 + FIRST_IN_ARENA)).toBe(false);
    expect(map.knows(p.heap(2))).toBe(false);
  });

  it("does not put the break area where the kernel maps", () => {
    const fresh = new AddressMap();
    fresh.state.whole = true;
    expect(fresh.holds(p.m, p.chunkOf("main"), MAPPING + FIRST)).toBe(false);
    expect(fresh.knows(p.m.breakHeap)).toBe(false);
  });
});

describe("a later block", () => {
  it("must lie at its exact place", () => {
    p.malloc(100, "next");
    const pointer = BREAK + FIRST + 112;
    expect(map.holds(p.m, p.chunkOf("next"), pointer)).toBe(true);
    expect(map.holds(p.m, p.chunkOf("next"), pointer + 16)).toBe(false);
    expect(map.addressOf(p.m, p.chunkOf("next"))).toBe(pointer);
  });

  it("must be at its offset in a page if it has a mapping of its own", () => {
    p.malloc(200_000, "mapped");
    const c = p.chunkOf("mapped");
    expect(map.holds(p.m, c, MAPPING + 16)).toBe(true);
    expect(map.holds(p.m, c, MAPPING + 32)).toBe(false);
    // There is a heap.
    expect(map.holds(p.m, c, HEAP_1 + 4096 + 16)).toBe(false);
    expect(map.addressOf(p.m, c)).toBeNaN();
  });
});

describe("a heap that was unmapped", () => {
  it("is no longer known, even if another one has its number", () => {
    // A second heap of arena 1, which is unmapped when its only block is freed.
    const grow = () => {
      t.malloc(30 * 2 ** 20, "a");
      t.malloc(30 * 2 ** 20, "b");
      t.malloc(30 * 2 ** 20, "c");
    };
    p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1073741824" });
    t = p.thread();
    p.malloc(100);
    grow();
    const heap = p.heap(1, 2);
    map.place(heap, HEAP_2);
    expect([map.knows(heap), map.hasHeapAt(p.m, HEAP_2)]).toEqual([true, true]);
    t.free("c", "b", "a");
    grow();
    const again = p.heap(1, 2);
    expect(again.id).toBe(heap.id);
    expect([map.knows(again), map.hasHeapAt(p.m, HEAP_2)]).toEqual([false, false]);
  });
});

describe("the place of a pointer", () => {
  it("is in the known heap around it", () => {
    const place = (pointer: number) => map.placeOf(p.m, pointer, 100);
    expect(place(BREAK + 0x1230)).toEqual({ heap: 0, offset: 0x1230, bytes: 100 });
    expect(place(HEAP_1 + 0x1230)).toEqual({ heap: p.heap(1).id, offset: 0x1230, bytes: 100 });
    const nowhere = { heap: -1, offset: 0, bytes: 100 };
    // Above the break, below the heap, and in another stretch of 64 MiB.
    expect(place(BREAK + 0x21000)).toEqual(nowhere);
    expect(place(BREAK - 16)).toEqual(nowhere);
    expect(place(HEAP_1 + HEAP_MAX)).toEqual(nowhere);
  });

  it("is a granule of the heap if a chunk can begin there", () => {
    expect(map.granuleIn(p.m.breakHeap, BREAK + FIRST)).toBe(FIRST / 16 - 1);
    expect(map.granuleIn(p.m.breakHeap, BREAK + FIRST + 8)).toBe(-1);
    expect(new AddressMap().granuleIn(p.m.breakHeap, BREAK + FIRST)).toBe(-1);
  });
});

describe("a heap between two addresses", () => {
  it("is one that begins there", () => {
    const between = (from: number, to: number) => map.hasHeapBetween(p.m, from, to);
    expect(between(HEAP_1 - 1, HEAP_1 + 1)).toBe(true);
    expect([between(HEAP_1, HEAP_1 + HEAP_MAX), between(HEAP_2, HEAP_1)]).toEqual([false, false]);
  });
});

describe("a stated program break", () => {
  it("places the break area at the start of its page", () => {
    const fresh = new AddressMap();
    fresh.state.whole = true;
    fresh.placeBreakHeap(p.m.breakHeap, BREAK + 0x123);
    expect(fresh.granuleIn(p.m.breakHeap, BREAK + FIRST)).toBe(FIRST / 16 - 1);
    expect(fresh.holds(p.m, p.chunkOf("main"), BREAK + 0x10000 + FIRST)).toBe(false);
  });
});

describe("evidence of an unknown heap", () => {
  it("is the number of different pointers in one stretch of 64 MiB", () => {
    expect(map.isEvident(HEAP_2 + 0x1000, 2)).toBe(false);
    expect(map.isEvident(HEAP_2 + 0x1000, 2)).toBe(false);
    // Another stretch does not count.
    expect(map.isEvident(HEAP_2 + HEAP_MAX, 2)).toBe(false);
    expect(map.isEvident(HEAP_2 + 0x2000, 2)).toBe(true);
    expect(map.isEvident(HEAP_2 + 0x1000, 2)).toBe(true);
    expect(map.isEvident(HEAP_2 + 0x1000, 3)).toBe(false);
  });

  it("is remembered of 1024 stretches at most", () => {
    expect(map.isEvident(HEAP_2, 1)).toBe(true);
    for (let n = 1; n < 1024; n++) {
      map.isEvident(n * HEAP_MAX, 1);
    }
    expect(map.isEvident(HEAP_2, 1)).toBe(true);
    map.isEvident(2000 * HEAP_MAX, 1);
    expect(map.isEvident(HEAP_2 + 16, 2)).toBe(false);
  });
});

describe("a pointer outside all known heaps", () => {
  it("is of a mapping if it is at the start of a page, or the block is large", () => {
    const isMapped = (pointer: number, bytes: number) => map.isMapped(p.m, pointer, bytes);
    expect(isMapped(HEAP_2 + 0x5010, 100)).toBe(true);
    expect(isMapped(HEAP_2 + 0x5020, 100)).toBe(false);
    expect(isMapped(HEAP_2 + 0x5020, 131_072)).toBe(true);
    // In the break area nothing is mapped.
    expect(isMapped(BREAK + 0x100_0010, 100)).toBe(false);
  });

  it("is of a mapping where an arena's own structures would be", () => {
    expect(structBytes(p.m.profile)).toBe(STRUCTS);
    expect(map.isMapped(p.m, HEAP_2 + 0x8c0, 100)).toBe(true);
    expect(map.isMapped(p.m, HEAP_2 + 0x8d0, 100)).toBe(false);
  });

  it("is the first block of a new arena right above the arena's structures and a tcache", () => {
    const isFirst = (offset: number) => map.isFirstOfNewArena(p.m, HEAP_2 + offset);
    expect([isFirst(FIRST_IN_ARENA), isFirst(0x8e0)]).toEqual([true, true]);
    expect([isFirst(0x8c0), isFirst(0x10_0000)]).toEqual([false, false]);
    // Arena 1 is there already, and the kernel does not map at the break.
    expect(map.isFirstOfNewArena(p.m, HEAP_1 + FIRST_IN_ARENA)).toBe(false);
    expect(map.isFirstOfNewArena(p.m, 0x5800_0000_0000 + FIRST_IN_ARENA)).toBe(false);
  });

  it("may be of a mapping, but not close above the break", () => {
    const mayBeMapped = (pointer: number) => map.mayBeMapped(p.m, pointer);
    expect([mayBeMapped(MAPPING + 16), mayBeMapped(MAPPING + 32)]).toEqual([true, false]);
    // A foreign sbrk may explain it (§12.7).
    expect(mayBeMapped(BREAK + 0x21000 + 16)).toBe(false);
    expect(mayBeMapped(BREAK + 0x21000 + HEAP_MAX + 16)).toBe(true);
    expect(mayBeMapped(BREAK - 0x1000 + 16)).toBe(true);
    expect(mayBeMapped(HEAP_1 + 0x1010)).toBe(false);
  });
});

describe("the break", () => {
  it("has the bytes up to a block above it", () => {
    // The first calls have moved it to 0x21000.
    expect(map.aboveBreak(p.m, BREAK + 0x21000 + 0x5000 + 16)).toBe(0x5000);
    expect(map.aboveBreak(p.m, BREAK + 0x1000)).toBe(0);
    expect(map.aboveBreak(p.m, MAPPING + 16)).toBe(0);
    expect(new AddressMap().aboveBreak(p.m, BREAK + 0x30010)).toBe(0);
  });

  it("has a start that leaves memory below the first pointer known", () => {
    expect(map.breakBaseFor(p.m, BREAK + 0x2a0, 2 ** 30)).toBe(BREAK - 2 ** 30);
    expect(map.breakBaseFor(p.m, BREAK, 4096)).toBe(BREAK - 4096 - 4096);
  });
});

describe("pointers cut to 32 bits", () => {
  /** the low bits of the heaps, and of a heap with the same low bits as arena 1's */
  const cut = (address: number) => address % CUT;
  let other: Calls;

  beforeEach(() => {
    map = new AddressMap();
    map.holds(p.m, p.chunkOf("main"), cut(BREAK + FIRST));
    map.holds(p.m, t.chunkOf("other"), cut(HEAP_1 + FIRST_IN_ARENA));
    other = p.thread();
    other.malloc(100, "third");
  });

  it("match by their low bits", () => {
    p.malloc(100, "next");
    expect(map.holds(p.m, p.chunkOf("next"), cut(BREAK + FIRST + 112))).toBe(true);
    expect(map.holds(p.m, p.chunkOf("next"), cut(BREAK + FIRST + 128))).toBe(false);
    expect(map.addressOf(p.m, p.chunkOf("next"))).toBe(cut(BREAK + FIRST + 112));
  });

  it("may put two heaps at one address", () => {
    expect(map.holds(p.m, other.chunkOf("third"), cut(HEAP_1 + FIRST_IN_ARENA))).toBe(true);
    expect([map.knows(p.heap(1)), map.knows(p.heap(2))]).toEqual([true, true]);
  });

  it("are of the heap in which the model served the call, if several have the same low bits", () => {
    map.place(p.heap(2), cut(HEAP_1));
    const pointer = cut(HEAP_1 + 0x1230);
    const heapOf = () => map.placeOf(p.m, pointer, 100).heap;
    // The calling thread's own arena, here the third's.
    expect(heapOf()).toBe(p.heap(2).id);
    p.m.enter(t.index);
    expect(heapOf()).toBe(p.heap(1).id);
    map.noteMismatch(p.m, other.chunkOf("third"), pointer);
    expect(heapOf()).toBe(p.heap(2).id);
    // Of another call it is not known.
    map.noteMismatch(p.m, other.chunkOf("third"), pointer + 16);
    expect(heapOf()).toBe(p.heap(1).id);
  });

  it("are of one heap only if no other one can hold them", () => {
    const pointer = cut(HEAP_1 + 0x1230);
    expect(map.onlyHeapOf(p.m, pointer)).toBe(p.heap(1));
    map.place(p.heap(2), cut(HEAP_1));
    expect(map.onlyHeapOf(p.m, pointer)).toBeNull();
    // At the start of a page it may be of a mapping.
    expect(map.onlyHeapOf(p.m, cut(HEAP_1 + 0x1010))).toBeNull();
    expect(map.onlyHeapOf(p.m, cut(HEAP_1 + HEAP_MAX + 0x1230))).toBeNull();
  });

  it("may be the first block of any new heap in the first page of a stretch of 64 MiB", () => {
    expect(map.mayBeFirst(cut(HEAP_2 + FIRST_IN_ARENA))).toBe(true);
    expect(map.mayBeFirst(cut(HEAP_2 + 4096))).toBe(false);
    map.state.whole = true;
    expect(map.mayBeFirst(HEAP_2 + FIRST_IN_ARENA)).toBe(false);
  });

  it("lie above the break within 64 MiB only", () => {
    const above = (bytes: number) => map.aboveBreak(p.m, cut(BREAK + 0x21000 + bytes + 16));
    expect([above(0x5000), above(HEAP_MAX - 16), above(HEAP_MAX)]).toEqual([
      0x5000,
      HEAP_MAX - 16,
      0,
    ]);
  });

  it("are in the break area if the thread's arena is the main one", () => {
    p.m.enter(0);
    expect(map.isInBreakArea(p.m, cut(MAPPING))).toBe(true);
    p.m.enter(t.index);
    expect(map.isInBreakArea(p.m, cut(BREAK))).toBe(false);
  });

  it("are of a heap above 4 GiB, too, where they wrap", () => {
    const base = CUT - 0x1000;
    map.place(p.heap(2), base);
    p.m.enter(other.index);
    expect(map.placeOf(p.m, 0x230, 100)).toEqual({
      heap: p.heap(2).id,
      offset: 0x1230,
      bytes: 100,
    });
    expect(map.granuleIn(p.heap(2), 0x230)).toBe(0x123 - 1);
  });
});

/** A question about a pointer, and a change of the map. */
type Step =
  | { readonly kind: "place"; readonly arena: number; readonly base: number }
  | { readonly kind: "holds"; readonly arena: number; readonly pointer: number }
  | { readonly kind: "evident" | "of"; readonly pointer: number };

const pointer = fc
  .tuple(fc.constantFrom(BREAK, HEAP_1, HEAP_2, MAPPING), fc.nat(0x3000))
  .map(([base, offset]) => base + offset * 16);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("place" as const),
    arena: fc.nat(1),
    base: fc.constantFrom(HEAP_1, HEAP_2, BREAK),
  }),
  fc.record({ kind: fc.constant("holds" as const), arena: fc.nat(1), pointer }),
  fc.record({ kind: fc.constantFrom("evident" as const, "of" as const), pointer }),
);

/** Takes a step, and returns everything that the map says afterwards. */
function take(of: AddressMap, one: Step): unknown {
  const chunks = [p.chunkOf("main"), t.chunkOf("other")];
  switch (one.kind) {
    case "place":
      of.place(p.m.arenas[one.arena]!.heaps[0]!, one.base);
      break;
    case "holds":
      return of.holds(p.m, chunks[one.arena]!, one.pointer);
    case "evident":
      return of.isEvident(one.pointer, 3);
    case "of":
      return [
        of.placeOf(p.m, one.pointer, 10),
        of.aboveBreak(p.m, one.pointer),
        of.isMapped(p.m, one.pointer, 100),
        of.onlyHeapOf(p.m, one.pointer)?.id,
      ];
  }
  return chunks.map((c) => [of.addressOf(p.m, c), of.knows(p.m.heapOf(c))]);
}

describe("a copy", () => {
  it("answers as the original does, and is independent of it", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(step, { maxLength: 10 }),
        fc.array(step, { maxLength: 10 }),
        fc.array(step, { maxLength: 10 }),
        (whole, before, others, after) => {
          const [original, twin] = [new AddressMap(), new AddressMap()];
          for (const one of [original, twin]) {
            one.state.whole = whole;
            for (const change of before) {
              take(one, change);
            }
          }
          const copy = new AddressMap();
          take(copy, { kind: "place", arena: 0, base: MAPPING });
          copy.copy(original);
          // The twin had the same history as the original, and is not copied.
          for (const change of others) {
            take(original, change);
          }
          expect(after.map((one) => take(copy, one))).toEqual(after.map((one) => take(twin, one)));
        },
      ),
      { numRuns: 100 },
    );
  });
});
