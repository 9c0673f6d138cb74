import { describe, expect, it } from "vitest";
import {
  chunkBytes,
  eighthClasses,
  MAX_SLOT_REQUEST,
  MAX_UNIT_REQUEST,
  quarterClasses,
  type SlotBytes,
  unitClasses,
} from "../../../src/trace/signs/slab-classes.ts";

/** The distinct slot sizes of all requests up to `most`, in order. */
function classesOf(slotBytes: SlotBytes, most: number): number[] {
  return [...new Set(Array.from({ length: most }, (_, i) => slotBytes(i + 1)))];
}

describe("size classes", () => {
  it("of jemalloc (jemalloc(3), SIZE CLASSES) and mimalloc", () => {
    expect(classesOf(quarterClasses, MAX_SLOT_REQUEST)).toEqual([
      8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512,
    ]);
  });

  it("of gperftools' tcmalloc", () => {
    expect(classesOf(eighthClasses, MAX_SLOT_REQUEST)).toEqual([
      8, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352,
      384, 416, 448, 480, 512,
    ]);
  });

  it("of musl's mallocng", () => {
    expect(classesOf(unitClasses, MAX_UNIT_REQUEST)).toEqual([16, 32, 48, 64]);
    expect([12, 13, 28, 29].map(unitClasses)).toEqual([16, 32, 32, 48]);
  });

  it("are never below the request, and chunks of glibc have a header besides", () => {
    for (let bytes = 1; bytes <= MAX_SLOT_REQUEST; bytes++) {
      expect(quarterClasses(bytes)).toBeGreaterThanOrEqual(bytes);
      expect(eighthClasses(bytes)).toBeGreaterThanOrEqual(bytes);
      expect(chunkBytes(bytes)).toBeGreaterThanOrEqual(bytes + 8);
    }
    expect([1, 24, 25, 40, 41].map(chunkBytes)).toEqual([32, 32, 48, 48, 64]);
  });
});
