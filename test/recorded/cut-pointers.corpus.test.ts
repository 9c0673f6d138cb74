import { describe, expect, it } from "vitest";
import { strip } from "../../fixtures/strip.ts";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor } from "../support/corpus.ts";

/** A real log of many arenas, with one heap moved so that its cut pointers equal those of another heap. */
const one = casesOf(OWN_CORPUS).find(({ name }) => name === "mt-baton24-g236");
const whole = one === undefined ? "" : (logOf(one, "default")?.toString("latin1") ?? "");

const HEAP_MAX = 0x4000000n;

/** Bases of the heaps of other arenas, by how many lines name a pointer in them. */
function heapsOf(log: string): bigint[] {
  const lines = new Map<bigint, number>();
  for (const [, hex] of log.matchAll(/(?:= |\()(0x7f[0-9a-f]+)/g)) {
    const pointer = BigInt(hex ?? "0");
    const base = pointer - (pointer % HEAP_MAX);
    lines.set(base, (lines.get(base) ?? 0) + 1);
  }
  return [...lines].sort((a, b) => b[1] - a[1]).map(([base]) => base);
}

function moved(log: string, from: bigint, to: bigint): string {
  return log.replace(/0x7f[0-9a-f]+/g, (hex) => {
    const pointer = BigInt(hex);
    const inHeap = pointer >= from && pointer < from + HEAP_MAX;
    return inHeap ? `0x${(pointer - from + to).toString(16)}` : hex;
  });
}

function analyseCut(log: string) {
  if (one === undefined) {
    throw new Error("the fixture is missing");
  }
  const unknown = { glibc: "auto", recordedWith: null, cpus: null, hostCpus: 64 };
  const cut = Buffer.from(strip(log, ["caller", "cut"]), "latin1");
  return analyse(cut, { ...optionsFor(one, "default", []), ...unknown });
}

describe("two heaps with equal cut pointers", () => {
  const [first = 0n, second = 0n] = heapsOf(whole);
  const apart = analyseCut(whole);
  const { trace, live, model, scenarios } = analyseCut(moved(whole, second, first + (5n << 32n)));

  it("are both replayed, and counted as an anomaly", () => {
    expect(trace.pointerBits).toBe(32);
    expect(apart.trace.anomalies.collidingPointers).toBe(0);
    expect(trace.anomalies.collidingPointers).toBeGreaterThan(10);
    // One wrong guess in a hundred frees puts the model wrong from there on. With collisions taken for lost frees, as in a
    // log of whole pointers, the ratio is 0.73.
    expect(model?.fidelity.ratio).toBeGreaterThan(0.9);
    expect(model?.settings).toEqual({});
  });

  it("keep the live blocks of both", () => {
    expect(Math.abs(live.blocks - apart.live.blocks)).toBeLessThanOrEqual(1);
    const rss = (of: typeof scenarios) => of[0]?.rss.endBytes ?? 0;
    expect(Math.abs(rss(scenarios) / rss(apart.scenarios) - 1)).toBeLessThan(0.01);
  });
});
