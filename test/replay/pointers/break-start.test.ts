import { beforeEach, describe, expect, it } from "vitest";
import { AddressMap } from "../../../src/replay/pointers/address-map.ts";
import { findBreakStart } from "../../../src/replay/pointers/break-start.ts";
import { type Process, process } from "../../support/model-driver.ts";
import { BREAK } from "../../support/model-log.ts";
import { prepare } from "../../support/prepared-log.ts";

const ALIGNED = 0x5555_5556_0000;
const START = (BREAK % 2 ** 32) / 16;

let p: Process;
let map: AddressMap;

beforeEach(() => {
  p = process("2.36");
  map = new AddressMap();
  map.state.whole = true;
});

/** The start of the break area for the first of these calls. */
function startFor(...calls: string[]): number {
  const { batches } = prepare(calls.map((call) => `1 ${call}`));
  findBreakStart(p.m, map, batches[0]!.work.batch, 0);
  return p.m.breakHeap.start;
}

const FIRST = `memalign(65536, 100) = 0x${ALIGNED.toString(16)}`;
const IN_LEAD = `malloc(24) = 0x${(BREAK + 0x2a0).toString(16)}`;

describe("an aligned block as the first one of the break area", () => {
  it("lies above a lead whose blocks show where the area starts", () => {
    expect(startFor(FIRST, IN_LEAD)).toBe(START);
  });

  it("ignores blocks too far below for its lead", () => {
    expect(startFor(FIRST, "malloc(24) = 0x555555540010", IN_LEAD)).toBe(START);
  });

  it("shows nothing while the alignment is at most a page, or if mapped", () => {
    expect(startFor("memalign(4096, 100) = 0x555555560000", IN_LEAD)).toBe(0);
    expect(startFor("memalign(65536, 200000) = 0x7ffff7000000", IN_LEAD)).toBe(0);
  });

  it("is not asked once the area is known", () => {
    p.malloc(24, "first");
    map.holds(p.m, p.chunkOf("first"), BREAK + 0x1000 + 0x2a0);
    expect(startFor(FIRST, IN_LEAD)).toBe(START + 0x100);
  });
});
