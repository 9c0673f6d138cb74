import type { Parsed } from "../report/wording/parsed.ts";

/** What the replayer printed of one replay; sizes in bytes. */
export interface Measurement {
  readonly peakBytes: number;
  readonly endBytes: number;
  /** at the end, after the allocator's own purge; null: it has none */
  readonly purgedEndBytes: number | null;
  readonly failedCalls: number;
  /** time of the calls, without measuring */
  readonly seconds: number;
}

/**
 * A peak between two samples shows only in the kernel's high-water mark, which the kernel counts in batches of pages: so
 * much higher it must be to be believed.
 */
const MISSED_BYTES = 2 * 1024 * 1024;

/** Reads the replayer's lines, which src/native/replayer/prelude.c describes. */
export function parseMeasurement(text: string): Parsed<Measurement> {
  const values = new Map<string, number[]>();
  for (const line of text.split("\n")) {
    const [name = "", ...rest] = line.split(" ");
    if (name === "error") {
      return { error: rest.join(" ") };
    }
    values.set(name, [...(values.get(name) ?? []), Number(rest.at(-1))]);
  }
  const one = (name: string): number => values.get(name)?.[0] ?? Number.NaN;
  const sampled = Math.max(...(values.get("sample") ?? []));
  const highWater = one("highwater");
  const found = {
    peakBytes: highWater > sampled + MISSED_BYTES ? highWater : sampled,
    endBytes: one("end"),
    failedCalls: one("failed"),
    seconds: one("nanoseconds") / 1e9,
  };
  return Object.values(found).every(Number.isFinite)
    ? { ok: { ...found, purgedEndBytes: values.get("purged")?.[0] ?? null } }
    : { error: "it ended before the last call" };
}
