import { describe, expect, it } from "vitest";
import { splitAreas } from "../../src/summary/observed-areas.ts";
import type { MemoryArea } from "../../src/trace/observed-memory.ts";

const MIB = 2 ** 20;
const KIB = 1024;
/** a multiple of 64 MiB */
const HEAP = 0x7f00_0000_0000;

function area(from: number, bytes: number, given: Partial<MemoryArea> = {}): MemoryArea {
  const permissions = given.permissions ?? "rw-p";
  return {
    from,
    to: from + bytes,
    permissions,
    name: "",
    rssBytes: permissions === "---p" ? 0 : bytes,
    isUnreserved: null,
    ...given,
  };
}

/** The reserved rest of a heap. */
const reserve = (from: number, bytes: number) => area(from, bytes, { permissions: "---p" });

describe("an arena's heap", () => {
  it("begins at a multiple of 64 MiB and reserves as much", () => {
    const heap = [area(HEAP, MIB), reserve(HEAP + MIB, 63 * MIB)];
    expect(splitAreas(heap, [])).toMatchObject({ arenasBytes: MIB, arenaHeapStarts: [HEAP] });
    const shifted = [area(HEAP + MIB, MIB), reserve(HEAP + 2 * MIB, 62 * MIB)];
    expect(splitAreas(shifted, []).arenasBytes).toBe(0);
    const larger = [area(HEAP, MIB), reserve(HEAP + MIB, 64 * MIB)];
    expect(splitAreas(larger, []).arenasBytes).toBe(0);
    expect(splitAreas([area(HEAP, MIB)], []).arenasBytes).toBe(0);
  });

  it("is not what was mapped with a reservation, as a JVM's heap", () => {
    const isUnreserved = false;
    const heap = [area(HEAP, MIB, { isUnreserved }), reserve(HEAP + MIB, 63 * MIB)];
    expect(splitAreas(heap, []).arenasBytes).toBe(0);
  });

  it("may be full, and one area with its neighbour", () => {
    const isUnreserved = true;
    const two = [area(HEAP, 65 * MIB, { isUnreserved }), reserve(HEAP + 65 * MIB, 63 * MIB)];
    expect(splitAreas(two, [])).toMatchObject({
      arenasBytes: 65 * MIB,
      arenaHeapStarts: [HEAP, HEAP + 64 * MIB],
    });
    const full = area(HEAP, 64 * MIB, { isUnreserved });
    expect(splitAreas([full], []).arenasBytes).toBe(64 * MIB);
    expect(splitAreas([{ ...full, isUnreserved: null }], []).arenasBytes).toBe(0);
  });

  it("may have the name that glibc gives it", () => {
    const named = area(HEAP, MIB, { name: "[anon: glibc: malloc arena]" });
    expect(splitAreas([named], []).arenasBytes).toBe(MIB);
  });
});

describe("mapped blocks", () => {
  const at = 0x7f10_0000_0000;

  it("are exact where an area is all theirs", () => {
    const mappings = [
      { start: at, bytes: 256 * KIB },
      { start: at + 256 * KIB, bytes: 768 * KIB },
    ];
    expect(splitAreas([area(at, MIB, { rssBytes: 500 * KIB })], mappings)).toMatchObject({
      mappedLeastBytes: 500 * KIB,
      mappedMostBytes: 500 * KIB,
      located: 2,
    });
  });

  it("have bounds in an area with other memory", () => {
    const mapping = { start: at + 256 * KIB, bytes: 512 * KIB };
    const split = (rssKib: number) => {
      const { mappedLeastBytes, mappedMostBytes } = splitAreas(
        [area(at, MIB, { rssBytes: rssKib * KIB })],
        [mapping],
      );
      return [mappedLeastBytes / KIB, mappedMostBytes / KIB];
    };
    expect([1024, 600, 100].map(split)).toEqual([
      [512, 512],
      [88, 512],
      [0, 100],
    ]);
  });

  it("may be in any anonymous memory if their addresses are unknown or of another run", () => {
    const areas = [area(at, MIB), area(at + 2 * MIB, MIB, { name: "[stack]" })];
    for (const start of [Number.NaN, 0x1000, at + MIB - 4096]) {
      expect(splitAreas(areas, [{ start, bytes: 8192 }])).toMatchObject({
        mappedLeastBytes: 0,
        mappedMostBytes: MIB,
        located: 0,
      });
    }
  });

  it("are none if the model has none", () => {
    expect(splitAreas([area(at, MIB)], [])).toMatchObject({ mappedMostBytes: 0, located: 0 });
  });
});

it("the heap, files and the stack have names", () => {
  const areas = [
    area(0x1000, 4096, { name: "/usr/bin/a" }),
    area(0x10000, 8192, { name: "[heap]" }),
    // The kernel splits it where flags of its pages differ.
    area(0x12000, 4096, { name: "[heap]" }),
    area(0x7ff0_0000_0000, 16384, { name: "[stack]" }),
  ];
  expect(splitAreas(areas, [])).toMatchObject({
    heapBytes: 12288,
    filesBytes: 4096,
    stackBytes: 16384,
    processBytes: 32768,
  });
});
