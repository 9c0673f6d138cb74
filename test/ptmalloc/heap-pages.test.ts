import { deepEqual } from "node:assert/strict";
import { cpuUsage } from "node:process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeapPages } from "../../src/ptmalloc/heap-pages.ts";
import type { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { EVERY_PLANE, PLANES } from "../../src/ptmalloc/resident.ts";
import { planesOf } from "../support/heap-pages.ts";
import { process } from "../support/model-driver.ts";

/** Five leaves and a half. */
const PAGES = 5 * 512 + 256;

type Kind = "addRange" | "drop" | "copy";

interface Step {
  readonly kind: Kind;
  readonly from: number;
  readonly length: number;
  readonly planes: number;
}

const planes = fc.oneof(fc.constant(EVERY_PLANE), fc.integer({ min: 1, max: EVERY_PLANE }));
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Kind>("addRange", "addRange", "drop", "copy"),
  // Often where a leaf begins.
  from: fc.oneof(
    fc.nat(PAGES),
    fc.nat(5).map((leaf) => leaf * 512),
  ),
  length: fc.oneof(fc.nat(3), fc.constant(512), fc.nat(PAGES)),
  planes,
});

/** The pages of a heap, and the same with a byte per page. */
class Both {
  m: Ptmalloc = process("2.36").m;
  bytes = new Uint8Array(6 * 512);

  get pages(): HeapPages {
    return this.m.breakHeap.pages;
  }

  copy(): Both {
    const copy = new Both();
    copy.m = this.m.clone();
    copy.bytes = this.bytes.slice();
    return copy;
  }

  apply({ kind, from, length, planes }: Step): void {
    const { pages } = this;
    const to = Math.min(PAGES, from + length);
    switch (kind) {
      case "addRange":
        pages.addRange(from, to, planes);
        this.#change(from, to, (before) => before | planes);
        break;
      case "drop":
        pages.drop(from, to);
        this.#change(from, to, () => 0);
        break;
      case "copy":
        break;
    }
  }

  #change(from: number, to: number, after: (before: number) => number): void {
    for (let page = from; page < to; page++) {
      this.bytes[page] = after(this.bytes[page]!);
    }
  }

  check(): void {
    const { pages, bytes } = this;
    // Thousands of pages, which vitest compares slowly.
    deepEqual(planesOf(pages, 0, bytes.length), [...bytes]);
    const counts = Array.from(
      { length: PLANES },
      (_, bit) => bytes.filter((one) => one & (1 << bit)).length,
    );
    deepEqual([...this.m.resident.pages], counts);
  }
}

function runsOf(bytes: Uint8Array, from: number, to: number): [number, number, number][] {
  const runs: [number, number, number][] = [];
  for (let page = from; page < to; page++) {
    const last = runs.at(-1);
    if (last !== undefined && last[2] === bytes[page]) {
      last[1] = page + 1;
    } else {
      runs.push([page, page + 1, bytes[page]!]);
    }
  }
  return runs;
}

describe("the pages of a heap", () => {
  it("are as if there were a byte for each, also in copies", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        let one = new Both();
        const left: Both[] = [];
        for (const next of steps) {
          if (next.kind === "copy") {
            left.push(one);
            one = one.copy();
          }
          one.apply(next);
        }
        [...left, one].forEach((both) => {
          both.check();
        });
      }),
    );
  });

  it("are visited in runs, searched and looked through likewise", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), step, (steps, asked) => {
        const { pages, bytes } = steps.reduce((both, next) => {
          both.apply(next);
          return both;
        }, new Both());
        const from = Math.min(asked.from, pages.length);
        const to = Math.min(pages.length, asked.from + asked.length);
        const runs: [number, number, number][] = [];
        for (const _ of [1, 2]) {
          runs.length = 0;
          pages.eachRun(from, to, (...run) => runs.push(run));
          expect(runs).toEqual(runsOf(bytes, from, to));
        }
        const last = bytes.findLastIndex((one) => one & asked.planes);
        expect(pages.endIn(asked.planes, from)).toBe(Math.max(from, last + 1));
      }),
    );
  });

  it("cost by what is written of them, whatever their number", () => {
    const { m } = process("2.36");
    const { pages } = m.breakHeap;
    const most = 2 ** 23;
    // Of this process alone, so that a busy machine makes no difference.
    const began = cpuUsage();
    for (let i = 0; i < 100; i++) {
      pages.addRange(0, most, 1);
      pages.addRange(i, most - i, EVERY_PLANE);
      pages.drop(i, most);
      m.clone();
    }
    const { user, system } = cpuUsage(began);
    expect(user + system).toBeLessThan(1e6);
    expect(m.resident.pages[0]).toBe(99);
  });
});
