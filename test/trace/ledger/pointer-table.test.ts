import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PointerTable } from "../../../src/trace/ledger/pointer-table.ts";

/** Ids freed after an id before it is reused. */
const RESTING = 64;

/** The table's rules again: a Map, a queue of resting ids, and a stack of reusable ones. */
class NaiveTable {
  readonly ids = new Map<number, number>();
  readonly #resting: number[] = [];
  readonly #free: number[] = [];
  #next = 0;

  insert(p: number): number {
    const there = this.ids.get(p);
    if (there !== undefined) {
      return ~there;
    }
    const id = this.#free.pop() ?? this.#next++;
    this.ids.set(p, id);
    return id;
  }

  remove(p: number): number {
    const id = this.ids.get(p);
    if (id === undefined) {
      return -1;
    }
    this.ids.delete(p);
    this.#rest(id);
    return id;
  }

  move(from: number, to: number): number {
    const id = this.ids.get(from);
    if (id === undefined) {
      return -2;
    }
    this.ids.delete(from);
    const displaced = this.ids.get(to) ?? -1;
    this.ids.set(to, id);
    if (displaced >= 0) {
      this.#rest(displaced);
    }
    return displaced;
  }

  #rest(id: number): void {
    this.#resting.push(id);
    const rested = this.#resting.length > RESTING ? this.#resting.shift() : undefined;
    if (rested !== undefined) {
      this.#free.push(rested);
    }
  }
}

/** Addresses that hash to near slots, or differ only in bits that a weak hash would drop. */
const awkward = fc.oneof(
  fc.nat(40).map((k) => 0x55d0_0000_02a0 + 16 * k),
  fc.nat(40).map((k) => 0x7f00_0000_08c0 + 2 ** 26 * k),
  fc.nat(40).map((k) => 0x7f00_0000_0010 + 2 ** 36 * k),
  fc.nat(40).map((k) => 2 ** 40 * (k + 1)),
  fc.nat(40).map((k) => 2 ** 57 - 16 * (k + 1)),
  fc.nat(40).map((k) => 1 + k),
  fc.double({ min: 0.5, max: 2 ** 57, noNaN: true }),
);

describe("PointerTable", () => {
  it("agrees with a Map on any sequence of operations", () => {
    const operation = fc.tuple(
      fc.constantFrom("insert", "remove", "find", "move"),
      fc.nat(),
      fc.nat(),
    );
    const input = fc.tuple(
      fc.array(awkward, { minLength: 1, maxLength: 300, size: "max" }),
      fc.array(operation, { maxLength: 1500, size: "max" }),
    );
    fc.assert(
      fc.property(input, ([pointers, operations]) => {
        // Each `expect` costs as much as many operations.
        const differing: string[] = [];
        const compare = (what: string, found: number, expected: number) => {
          if (found !== expected) {
            differing.push(`${what}: ${found}, not ${expected}`);
          }
        };
        const table = new PointerTable();
        const naive = new NaiveTable();
        for (const [name, a, b] of operations) {
          const p = pointers[a % pointers.length]!;
          const q = pointers[b % pointers.length]!;
          if (name === "insert") {
            compare(`insert ${p}`, table.insert(p), naive.insert(p));
          } else if (name === "remove") {
            compare(`remove ${p}`, table.remove(p), naive.remove(p));
          } else if (name === "find") {
            compare(`find ${p}`, table.find(p), naive.ids.get(p) ?? -1);
          } else {
            const id = table.detach(p);
            compare(`move ${p} to ${q}`, id < 0 ? -2 : table.attach(q, id), naive.move(p, q));
          }
          compare("size", table.size, naive.ids.size);
        }
        for (const p of pointers) {
          compare(`find ${p}`, table.find(p), naive.ids.get(p) ?? -1);
        }
        expect(differing).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("lets an id rest until a reorder window of others is freed, then reuses the latest first", () => {
    const table = new PointerTable();
    for (let k = 0; k < 100; k++) {
      table.insert(16 * (k + 1));
    }
    for (let k = 0; k < RESTING; k++) {
      table.remove(16 * (k + 1));
    }
    expect(table.insert(16)).toBe(100);
    table.remove(16 * 80);
    table.remove(16 * 81);
    expect([table.insert(32), table.insert(48), table.insert(64)]).toEqual([1, 0, 101]);
  });

  it.each([
    ["neighbouring small chunks", 0x55d0_0000_02a0, 32],
    ["one chunk a page", 0x55d0_0000_0010, 4096],
    ["one chunk a 64 MiB heap", 0x7f00_0000_08d0, 2 ** 26],
    ["one chunk a terabyte", 0x10, 2 ** 40],
    ["pointers cut to 32 bits", 16, 48],
  ])("keeps runs short: %s", (_name, first, step) => {
    // Quadratic behaviour would take minutes here, not milliseconds.
    const table = new PointerTable();
    const count = Math.min(100_000, 2 ** 57 / step);
    for (let k = 0; k < count; k++) {
      if (table.insert(first + k * step) !== k) {
        expect.fail(`${k}`);
      }
    }
    for (let k = 0; k < count; k++) {
      if (table.remove(first + k * step) !== k) {
        expect.fail(`${k}`);
      }
    }
    expect(table.size).toBe(0);
  });

  it("grows to a million pointers and gives them all back", () => {
    const table = new PointerTable();
    for (let k = 0; k < 1e6; k++) {
      if (table.insert(0x7f12_3400_0010 + 112 * k) !== k) {
        expect.fail();
      }
    }
    expect(table.size).toBe(1e6);
    for (let k = 0; k < 1e6; k += 2) {
      table.remove(0x7f12_3400_0010 + 112 * k);
    }
    for (let k = 0; k < 1e6; k++) {
      if (table.find(0x7f12_3400_0010 + 112 * k) !== (k % 2 ? k : -1)) {
        expect.fail(`${k}`);
      }
    }
    expect(table.size).toBe(5e5);
  });
});
