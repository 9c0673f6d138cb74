import { expect, it } from "vitest";
import { dtvSlots } from "../../../src/trace/order/thread-vector.ts";

it("a thread vector has 16 bytes for each slot and for two entries at its head", () => {
  expect(dtvSlots(16 * (14 + 2))).toBe(14);
  expect(dtvSlots(16 * (40 + 2))).toBe(40);
});

it("a block of fewer slots than the surplus is none, nor is one of another granularity", () => {
  expect(dtvSlots(16 * (13 + 2))).toBe(0);
  expect(dtvSlots(16 * (14 + 2) + 8)).toBe(0);
  expect(dtvSlots(0)).toBe(0);
});
