import { expect, it } from "vitest";
import { EventBatch, Op } from "../../../src/trace/event.ts";
import { AllocatorSigns } from "../../../src/trace/signs/allocator-signs.ts";

interface Call {
  readonly op?: Op;
  readonly bytes?: number;
  readonly pointerIn?: number;
  readonly pointerOut?: number;
}

function batchOf(calls: readonly Call[]): EventBatch {
  const batch = new EventBatch();
  for (const { op = Op.malloc, bytes = 0, pointerIn = 0, pointerOut = 0 } of calls) {
    const i = batch.length++;
    batch.op[i] = op;
    batch.size[i] = bytes;
    batch.pointerIn[i] = pointerIn;
    batch.pointerOut[i] = pointerOut;
  }
  return batch;
}

const PAGE = 0x7f1200001000;

it("reads new blocks: no aligned ones, none resized in place, no failed calls, no empty ones", () => {
  const signs = new AllocatorSigns();
  signs.read(
    batchOf([
      { bytes: 16, pointerOut: PAGE },
      { op: Op.realloc, bytes: 20, pointerIn: PAGE, pointerOut: PAGE },
      { op: Op.memalign, bytes: 48, pointerOut: PAGE + 64 },
      { bytes: 48, pointerOut: 0 },
      { bytes: 0, pointerOut: PAGE + 48 },
      { op: Op.calloc, bytes: 16, pointerOut: PAGE + 16 },
    ]),
  );
  expect(signs).toMatchObject({ blocks: 2, jemalloc: { kept: 1, close: 1, broken: 0 } });
});

it("a block that realloc moved is free", () => {
  const signs = new AllocatorSigns();
  signs.read(
    batchOf([
      { bytes: 16, pointerOut: PAGE },
      { op: Op.realloc, bytes: 16, pointerIn: PAGE, pointerOut: PAGE + 16 },
    ]),
  );
  expect(signs.jemalloc).toMatchObject({ close: 0, broken: 0 });
});

it("counts where blocks lie", () => {
  const signs = new AllocatorSigns();
  const places = [0x1000, 0x55d000001000, 0x37000001000, PAGE];
  signs.read(batchOf(places.map((pointerOut) => ({ bytes: 16, pointerOut }))));
  expect(signs).toMatchObject({ blocks: 4, whole: 3, hinted: 1, mapped: 1 });
});

it("reads part of a long log, and compares no blocks across what it left out", () => {
  const signs = new AllocatorSigns();
  for (let i = 0; i < 160; i++) {
    const bytes = i % 2 === 0 ? 16 : 48;
    signs.read(batchOf([{ bytes, pointerOut: PAGE + 16 * i }]));
  }
  const { blocks, jemalloc, spacing } = signs;
  // The first eight batches, then 16, 32, … 160.
  expect(blocks).toBe(18);
  expect([jemalloc.broken, spacing.pairs]).toEqual([7, 7]);
});

it("reads part of a log as soon as many pairs of blocks break the rules", () => {
  const signs = new AllocatorSigns();
  for (let batch = 0; batch < 16; batch++) {
    const calls = Array.from({ length: 600 }, (_, i) => ({
      bytes: i % 2 === 0 ? 24 : 120,
      // The chunks of a glibc: 32 and 128 bytes.
      pointerOut: PAGE + 160 * (i >> 1) + (i % 2 === 0 ? 0 : 32),
    }));
    signs.read(batchOf(calls));
  }
  // The first batch and the sixteenth.
  expect(signs.blocks).toBe(1200);
});
