import fc from "fast-check";
import { expect, test } from "vitest";
import { LOG_WRITERS } from "../../src/convert/log-writers.ts";
import { Op } from "../../src/trace/event.ts";
import { type ReadEvent, scanInferred } from "../support/collect.ts";
import { loggedCalls, tidOf } from "../support/near-misses.ts";
import { rewritten } from "../support/rewritten.ts";

const numRuns = Number(process.env.RUNS ?? 60);

const CALLS = { malloc: "malloc", calloc: "calloc", realloc: "realloc", free: "free" } as const;

/** A native log of a program, from its start; a block in some is at a multiple of 64. */
function nativeLog(seed: number, length: number): string {
  const hex = (value: number): string => `0x${value.toString(16)}`;
  return loggedCalls(seed)
    .slice(0, length)
    .map((call) => {
      const { name, size, pointerIn, pointerOut, time, caller } = call;
      const head = `${tidOf(call)} ${(time / 1e6).toFixed(6)} [${hex(caller)}]`;
      const given = {
        [CALLS.malloc]: `${size}`,
        [CALLS.calloc]: `1, ${size}`,
        [CALLS.realloc]: `${hex(pointerIn)}, ${size}`,
        [CALLS.free]: hex(pointerIn),
        posix_memalign: `64, ${size}`,
      }[name];
      return `${head} ${name}(${given})${name === "free" ? "" : ` = ${hex(pointerOut)}`}\n`;
    })
    .join("");
}

const logs = fc
  .tuple(fc.nat(), fc.integer({ min: 2, max: 400 }))
  .map(([seed, length]) => nativeLog(seed, length));

async function again(log: string, format: keyof typeof LOG_WRITERS) {
  const { text } = await rewritten(LOG_WRITERS[format], log);
  const { events, diagnostics } = await scanInferred([Buffer.from(text)]);
  expect(diagnostics.samples).toEqual([]);
  return { events, format: diagnostics.format.name };
}

async function original(log: string): Promise<ReadEvent[]> {
  return (await scanInferred([Buffer.from(log)])).events;
}

const forAllLogs = (holds: (log: string) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(logs, holds), { numRuns, interruptAfterTimeLimit: 60_000 });

const withoutLine = ({ line: _, ...event }: ReadEvent) => event;

test("csv is read back whole", async () => {
  await forAllLogs(async (log) => {
    const { events, format } = await again(log, "csv");
    expect(format).toBe("csv");
    expect(events.map(rounded)).toEqual((await original(log)).map(rounded));
  });
});

test("logalloc is read back but for times and callers", async () => {
  await forAllLogs(async (log) => {
    const { events } = await again(log, "logalloc");
    expect(events.map(withoutLine)).toEqual(
      (await original(log)).map((event) => ({
        ...withoutLine(event),
        time: Number.NaN,
        caller: 0,
      })),
    );
  });
});

test("rep is read back as operations on numbered blocks of the same sizes", async () => {
  await forAllLogs(async (log) => {
    const { events, format } = await again(log, "rep");
    expect(format).toBe("records");
    expect(lives(events)).toEqual(lives(await original(log)));
  });
});

/** Times have six decimals. */
function rounded(event: ReadEvent) {
  return { ...withoutLine(event), time: Math.round(event.time) };
}

/** After each call, the number of live blocks and their bytes; a free of no block is none. */
function lives(events: readonly ReadEvent[]): string[] {
  const live = new Map<number, number>();
  let bytes = 0;
  return events.flatMap(({ op, size, pointerIn, pointerOut }) => {
    if (op === Op.free && !live.has(pointerIn)) {
      return [];
    }
    bytes -= live.get(pointerIn) ?? 0;
    live.delete(pointerIn);
    if (pointerOut !== 0) {
      live.set(pointerOut, size);
      bytes += size;
    }
    return [`${live.size} ${bytes}`];
  });
}
