import { beforeEach, describe, expect, it } from "vitest";
import type { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { PendingWrite } from "../../src/replay/pending-write.ts";
import { TouchBatch } from "../../src/replay/writes/touch.ts";
import { process } from "../support/model-driver.ts";

/** A block of 1 MiB has a mapping of 257 pages; it begins 16 bytes into the first, which the allocator writes. */
const MIB = 2 ** 20;
const ALL = 257;

let m: Ptmalloc;
let block: number;
let touch: TouchBatch;

beforeEach(() => {
  const p = process("2.23");
  p.malloc(MIB, "block");
  m = p.m;
  block = p.chunkOf("block");
  touch = new TouchBatch();
});

/** Resident pages: under the policy, if nothing or all is written, and at the ratios 0, ¼, ½, ¾ and 1. */
function pages() {
  const [policy, none, all, ...ratios] = m.resident.pages;
  return { policy, none, all, ratios };
}

/** Sets what is written after event 0, and applies it. */
function write(
  row: Partial<Record<"whole" | "from" | "to" | "ratioFrom" | "full" | "large", number>>,
  oldSize = 0,
) {
  for (const name of ["whole", "from", "to", "ratioFrom", "full", "large"] as const) {
    touch[name][0] = row[name] ?? 0;
  }
  const pending = new PendingWrite();
  pending.expect(block, oldSize, MIB, touch, 0);
  expect(pending.chunk).toBe(block);
  pending.settle(m);
  expect(pending.chunk).toBe(0);
}

describe("the program's write", () => {
  it("is of the whole block if it is marked so, in every plane but the one of no writes", () => {
    write({ whole: 1, to: 5 });
    expect(pages()).toEqual({ policy: ALL, none: 1, all: ALL, ratios: new Array(5).fill(ALL) });
  });

  it("differs between the policy and the ratios", () => {
    // Half of the block under the policy; the part q of it in the plane of each ratio.
    write({ from: 0, to: MIB / 2, large: MIB });
    expect(pages()).toEqual({ policy: 129, none: 1, all: ALL, ratios: [1, 65, 129, 193, ALL] });
  });

  it("has the same result where policy, all and the largest ratio coincide", () => {
    write({ from: 0, to: MIB, large: MIB });
    expect(pages()).toEqual({ policy: ALL, none: 1, all: ALL, ratios: [1, 65, 129, 193, ALL] });
  });

  it("is in every ratio's plane as far as the block is full", () => {
    write({ from: 0, to: MIB / 2, full: MIB / 2, large: MIB });
    expect(pages().ratios).toEqual([129, 129, 129, 193, ALL]);
  });

  it("is only of what is new after a realloc", () => {
    // The second half lies in pages 128 to 256.
    write({ from: MIB / 2, to: MIB, ratioFrom: MIB / 2, full: MIB / 2, large: MIB }, MIB / 2);
    expect(pages()).toEqual({ policy: 130, none: 1, all: 130, ratios: [1, 1, 1, 66, 130] });
  });

  it("is nothing under a policy that writes nothing", () => {
    write({});
    expect(pages()).toEqual({ policy: 1, none: 1, all: ALL, ratios: [1, 1, 1, 1, 1] });
  });
});

describe("a copy", () => {
  it("has the same write to come", () => {
    touch.whole[0] = 1;
    const pending = new PendingWrite();
    pending.expect(block, 0, MIB, touch, 0);
    const copy = new PendingWrite();
    copy.copy(pending);
    pending.settle(m);
    expect(copy.chunk).toBe(block);
    expect(pending.chunk).toBe(0);
  });
});
