import { describe, expect, it } from "vitest";
import { type KnownAddresses, splitAreas } from "../../src/summary/observed-areas.ts";
import type { MemoryArea } from "../../src/trace/stated/observed-memory.ts";

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

/** What the model has. */
const known = (given: Partial<KnownAddresses> = {}): KnownAddresses => ({
  mappings: [],
  arenaHeapStarts: [],
  ...given,
});

const exactly = (bytes: number) => ({ leastBytes: bytes, mostBytes: bytes });

/** The reserved rest of a heap. */
const reserve = (from: number, bytes: number) => area(from, bytes, { permissions: "---p" });

describe("an arena's heap", () => {
  it("begins at a multiple of 64 MiB and reserves as much", () => {
    const heap = [area(HEAP, MIB), reserve(HEAP + MIB, 63 * MIB)];
    expect(splitAreas(heap, known())).toMatchObject({
      arenas: exactly(MIB),
      arenaHeapStarts: [HEAP],
    });
    const shifted = [area(HEAP + MIB, MIB), reserve(HEAP + 2 * MIB, 62 * MIB)];
    expect(splitAreas(shifted, known()).arenas).toEqual(exactly(0));
    const larger = [area(HEAP, MIB), reserve(HEAP + MIB, 64 * MIB)];
    expect(splitAreas(larger, known()).arenas).toEqual(exactly(0));
    expect(splitAreas([area(HEAP, MIB)], known()).arenas).toEqual(exactly(0));
  });

  it("is not what was mapped with a reservation, as a JVM's heap", () => {
    const heap = [
      area(HEAP, MIB, { isUnreserved: false }),
      area(HEAP + MIB, 63 * MIB, { permissions: "---p", isUnreserved: true }),
    ];
    expect(splitAreas(heap, known()).arenas).toEqual(exactly(0));
  });

  it("may be full, and one area with its neighbour", () => {
    const isUnreserved = true;
    const two = [area(HEAP, 65 * MIB, { isUnreserved }), reserve(HEAP + 65 * MIB, 63 * MIB)];
    expect(splitAreas(two, known())).toMatchObject({
      arenas: exactly(65 * MIB),
      arenaHeapStarts: [HEAP, HEAP + 64 * MIB],
    });
    const full = area(HEAP, 64 * MIB, { isUnreserved });
    expect(splitAreas([full], known()).arenas).toEqual(exactly(64 * MIB));
    expect(splitAreas([{ ...full, isUnreserved: null }], known()).arenas).toEqual(exactly(0));
  });

  it("is without a flag from glibc 2.37 on, and where overcommitting is off", () => {
    const isUnreserved = false;
    const heap = [
      area(HEAP, MIB, { isUnreserved }),
      area(HEAP + MIB, 63 * MIB, { permissions: "---p", isUnreserved }),
    ];
    expect(splitAreas(heap, known())).toMatchObject({
      arenas: exactly(MIB),
      arenaHeapStarts: [HEAP],
    });
  });

  it("may be one area with memory below it, and its reserve with some above", () => {
    const isUnreserved = false;
    const areas = [
      area(HEAP - 2 * MIB, 3 * MIB, { rssBytes: 2.5 * MIB, isUnreserved }),
      area(HEAP + MIB, 64 * MIB, { permissions: "---p", isUnreserved }),
    ];
    expect(splitAreas(areas, known({ arenaHeapStarts: [HEAP] }))).toMatchObject({
      arenas: { leastBytes: 0.5 * MIB, mostBytes: MIB },
      malloc: { leastBytes: 0.5 * MIB, mostBytes: MIB },
      arenaHeapStarts: [HEAP],
    });
    // Without its address, that the reserve ends elsewhere refutes it.
    expect(splitAreas(areas, known()).arenaHeapStarts).toEqual([]);
    const [first, reserved] = areas as [MemoryArea, MemoryArea];
    const shape = [first, { ...reserved, to: HEAP + 64 * MIB }];
    expect(splitAreas(shape, known()).arenaHeapStarts).toEqual([HEAP]);
    // Memory of a file of another run may have the address.
    expect(
      splitAreas([area(HEAP - MIB, 2 * MIB)], known({ arenaHeapStarts: [HEAP] })),
    ).toMatchObject({ arenas: { leastBytes: 0, mostBytes: 2 * MIB }, arenaHeapStarts: [] });
  });

  it("shares its area with blocks: bounds of both together are closer", () => {
    const areas = [
      area(HEAP - 2 * MIB, 3 * MIB, { rssBytes: 2 * MIB }),
      area(HEAP + MIB, 63 * MIB, { permissions: "---p" }),
    ];
    const mappings = [{ start: HEAP - 2 * MIB, bytes: 2 * MIB }];
    expect(splitAreas(areas, known({ mappings, arenaHeapStarts: [HEAP] }))).toMatchObject({
      arenas: { leastBytes: 0, mostBytes: MIB },
      mapped: { leastBytes: MIB, mostBytes: 2 * MIB },
      malloc: exactly(2 * MIB),
    });
  });

  it("may have the name that glibc gives it", () => {
    const named = area(HEAP, MIB, { name: "[anon: glibc: malloc arena]" });
    expect(splitAreas([named], known()).arenas).toEqual(exactly(MIB));
  });
});

describe("mapped blocks", () => {
  const at = 0x7f10_0000_0000;

  it("are exact where an area is all theirs", () => {
    const mappings = [
      { start: at, bytes: 256 * KIB },
      { start: at + 256 * KIB, bytes: 768 * KIB },
    ];
    expect(splitAreas([area(at, MIB, { rssBytes: 500 * KIB })], known({ mappings }))).toMatchObject(
      {
        mapped: exactly(500 * KIB),
        located: 2,
      },
    );
  });

  it("have bounds in an area with other memory", () => {
    const mapping = { start: at + 256 * KIB, bytes: 512 * KIB };
    const split = (rssKib: number) => {
      const areas = [area(at, MIB, { rssBytes: rssKib * KIB })];
      const { leastBytes, mostBytes } = splitAreas(areas, known({ mappings: [mapping] })).mapped;
      return [leastBytes / KIB, mostBytes / KIB];
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
      expect(splitAreas(areas, known({ mappings: [{ start, bytes: 8192 }] }))).toMatchObject({
        mapped: { leastBytes: 0, mostBytes: MIB },
        located: 0,
      });
    }
  });

  it("are none if the model has none", () => {
    expect(splitAreas([area(at, MIB)], known())).toMatchObject({ mapped: exactly(0), located: 0 });
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
  expect(splitAreas(areas, known())).toMatchObject({
    heapBytes: 12288,
    filesBytes: 4096,
    stackBytes: 16384,
    processBytes: 32768,
  });
});
