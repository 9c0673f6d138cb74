import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { ArenaState, BinState, HeapState } from "../../src/report/contract/inspection.ts";
import {
  type Case,
  casesOf,
  isCut,
  logOf,
  NEXT_CORPUS,
  OWN_CORPUS,
  oneOfEachKind,
  optionsFor,
  type Sample,
  SHARED_CORPUS,
  UNKNOWN_PROCESS,
} from "../support/corpus.ts";
import { inspected } from "../support/inspected.ts";

/**
 * The heap at a moment against what glibc itself said in the recorded process: malloc_info at the end, arena by arena and
 * bin by bin; mallinfo, the program break and the heaps' addresses at samples along the run.
 */
const own = casesOf(OWN_CORPUS);
// Of a program whose threads run freely, the end of a cut is not exact.
const cut = new Set(
  own.filter((one) => isCut(one) && !one.meta.deterministic).map(({ name }) => name),
);
const whole = [SHARED_CORPUS, NEXT_CORPUS].flatMap(casesOf).filter(({ name }) => cut.has(name));
const cases = [...oneOfEachKind(), ...whole];

/** An arena as malloc_info prints it. */
interface InfoArena {
  readonly nr: number;
  readonly rest_count?: number;
  readonly system_current: number;
  readonly system_max: number;
  /** "size" or "unsorted", from, to, total, count */
  readonly bins: readonly (readonly [string, number, number, number, number])[];
}

interface InspectTruth {
  readonly malloc_info: { readonly exit: readonly InfoArena[] } | null;
  readonly exit: HeapSample;
  readonly timeline: readonly HeapSample[];
}

interface HeapSample extends Sample {
  readonly main_heap: { readonly start: string; readonly brk: string };
  /** objects at the end, rows of three along the run */
  readonly arena_heaps: readonly (
    | { readonly heap: string; readonly size: number }
    | readonly [heap: string, size: number, rss: number]
  )[];
}

for (const [n, one] of cases.entries()) {
  describe(one.name, () => testMoments(one, one.folder.startsWith(OWN_CORPUS), n));
}

function testMoments(one: Case, isOwn: boolean, n: number): void {
  const path = join(one.folder, "truth.json");
  if (!existsSync(path)) {
    it.skip("has no measured truth");
    return;
  }
  const truth: InspectTruth = JSON.parse(readFileSync(path, "utf8"));
  const options = optionsFor(one, "default", []);
  let log: Buffer;
  let showsWhole: boolean;
  beforeAll(() => {
    log = logOf(one, "default") ?? Buffer.alloc(0);
    showsWhole = /0x[0-9a-f]{9}/.test(log.subarray(0, 100_000).toString("latin1"));
  });
  // Where threads run freely, a sample may be taken while another thread is within a call.
  const isExact = one.meta.deterministic || !isCut(one);
  const info = truth.malloc_info?.exit ?? null;
  it.runIf(isExact)("has at its end the arenas and bins of malloc_info", () => {
    const { heap } = inspected(log, options, { kind: "end" });
    expect(mallinfo(heap)).toEqual(known(truth.exit.mallinfo));
    expectPlaces(heap, truth.exit, showsWhole);
    if (info !== null) {
      // Of 2.17 the truth has neither the unsorted bin nor sums: mallinfo alone has these.
      const hasUnsorted = info.every((arena) => arena.rest_count !== undefined);
      expect(heap.arenas.map((arena) => infoOf(arena, hasUnsorted))).toEqual(
        inOrderOfIds(info).map(truthOfArena),
      );
    }
  });
  // One of them in each log: every analysis infers all again.
  const kind = n % 2 === 0 ? "peak" : "end";
  it.runIf(isOwn)(`has at the line of its ${kind} the heap of the ${kind}`, () => {
    // Nothing is known of the process: versions, exits and the order of lines are inferred.
    const parts = { chunks: true };
    const { moment, heap } = inspected(log, UNKNOWN_PROCESS, { kind }, parts);
    // These logs have no comments.
    const atLine = { kind: "line", line: moment.events } as const;
    expect(inspected(log, UNKNOWN_PROCESS, atLine, parts).heap).toEqual(heap);
  });
  if (!one.meta.deterministic) {
    return;
  }
  for (const sample of samplesOf(truth.timeline, isOwn)) {
    it(`has at line ${sample.seq} (${sample.label}) the mallinfo measured there`, () => {
      const { heap, moment } = inspected(log, options, { kind: "line", line: sample.seq });
      expect(moment).toMatchObject({ line: sample.seq, events: sample.seq });
      expect(mallinfo(heap)).toEqual(known(sample.mallinfo));
      expectPlaces(heap, sample, showsWhole);
    });
  }
}

/** A few along the run. */
function samplesOf(timeline: readonly HeapSample[], isOwn: boolean): HeapSample[] {
  const at = isOwn ? [0.1, 0.5, 0.8] : [0.4];
  const rows = at.map((part) => Math.floor(part * timeline.length));
  return [...new Set(rows)].flatMap((row) => timeline[row] ?? []);
}

/** malloc_info begins with the main arena, and goes on with the newest one. */
function inOrderOfIds([main, ...others]: readonly InfoArena[]): InfoArena[] {
  return main === undefined ? [] : [main, ...others.reverse()];
}

interface Info {
  readonly system: number;
  readonly systemMax: number;
  readonly bins: readonly string[];
}

function infoOf({ systemBytes, maxSystemBytes, bins }: ArenaState, hasUnsorted: boolean): Info {
  const shown = bins.filter(({ kind }) => hasUnsorted || kind !== "unsorted");
  return { system: systemBytes, systemMax: maxSystemBytes, bins: shown.map(binText).sort() };
}

function binText({ kind, leastBytes, mostBytes, bytes, chunks }: BinState): string {
  const name = kind === "fastbin" || kind === "unsorted" ? kind : "bin";
  return `${name} ${leastBytes}–${mostBytes}: ${bytes} in ${chunks}`;
}

function truthOfArena({ system_current, system_max, bins }: InfoArena): Info {
  return {
    system: system_current,
    systemMax: system_max,
    bins: bins
      .filter(([, , , , count]) => count > 0)
      .map(([kind, from, to, total, count]) => {
        if (to % 16 === 0) {
          return `fastbin ${to}–${to}: ${total} in ${count}`;
        }
        // Sizes with the flags of their chunks.
        const flags = from % 16;
        const name = kind === "unsorted" ? kind : "bin";
        return `${name} ${from - flags}–${to - flags}: ${total - count * flags} in ${count}`;
      })
      .sort(),
  };
}

function mallinfo({ arenas, mapped }: HeapState) {
  const sum = (of: (arena: ArenaState) => number): number =>
    arenas.reduce((total, arena) => total + of(arena), 0);
  const chunksOf = ({ bins }: ArenaState, isFast: boolean): number =>
    bins.reduce(
      (total, { kind, chunks }) => total + ((kind === "fastbin") === isFast ? chunks : 0),
      0,
    );
  const free = sum(
    ({ free: { fastbins, unsorted, smallbins, largebins, top } }) =>
      fastbins + unsorted + smallbins + largebins + top,
  );
  const system = sum(({ systemBytes }) => systemBytes);
  return {
    arena: system,
    ordblks: sum((arena) => chunksOf(arena, false) + 1),
    smblks: sum((arena) => chunksOf(arena, true)),
    hblks: mapped.blocks,
    hblkhd: mapped.countedBytes,
    fsmblks: sum(({ free: { fastbins } }) => fastbins),
    uordblks: system - free,
    fordblks: free,
    keepcost: arenas[0]?.top?.bytes ?? 0,
  };
}

function known({
  arena,
  ordblks,
  smblks,
  hblks,
  hblkhd,
  fsmblks,
  uordblks,
  fordblks,
  keepcost,
}: Sample["mallinfo"]) {
  return { arena, ordblks, smblks, hblks, hblkhd, fsmblks, uordblks, fordblks, keepcost };
}

/** Where the heaps lie, and how large they are. */
function expectPlaces(
  { arenas }: HeapState,
  { main_heap, arena_heaps }: HeapSample,
  showsWhole: boolean,
): void {
  const shown = (address: number): number => (showsWhole ? address : address % 2 ** 32);
  const [main, ...others] = arenas;
  const [breakHeap] = main?.heaps ?? [];
  const start = Number(breakHeap?.address);
  expect(start).toBe(shown(Math.floor(Number(main_heap.start) / 4096) * 4096));
  expect(start + (breakHeap?.bytes ?? 0)).toBe(shown(Number(main_heap.brk)));
  const heaps = others.flatMap((arena) =>
    arena.heaps.map(({ address, bytes }) => ({ address: Number(address), bytes })),
  );
  const measured = arena_heaps.map((one) =>
    "heap" in one
      ? { address: shown(Number(one.heap)), bytes: one.size }
      : { address: shown(Number(one[0])), bytes: one[1] },
  );
  const byAddress = (a: { address: number }, b: { address: number }): number =>
    a.address - b.address;
  expect(heaps.sort(byAddress)).toEqual(measured.sort(byAddress));
}
