import { expect, it } from "vitest";
import type { Report } from "../../src/report/report.ts";
import { analyse, scenario } from "../support/corpus.ts";

/**
 * Threads that end after the last pointer that can show it (ptmalloc2.md §6.4, §12.5). The chunks in thread 2's tcache pin
 * the top of its heap: its exit returns some 580 KiB.
 */
const HEAP = 0x5555_5555_7000;
const THREAD_HEAP = 0x7fff_f000_0000;
const CHUNK = 1008;
const addresses = Array.from({ length: 600 }, (_, i) => THREAD_HEAP + 0xb70 + i * CHUNK);
const malloc = (tid: number, size: number, pointer: number) =>
  `${tid} malloc(${size}) = 0x${pointer.toString(16)}`;
const free = (tid: number, pointer: number) => `${tid} free(0x${pointer.toString(16)})`;

const MAIN = malloc(1, 1000, HEAP + 0x2a0);
const MAIN_NULL = free(1, 0);
const THREAD = [
  ...addresses.map((pointer) => malloc(2, 1000, pointer)),
  ...[...addresses].reverse().map((pointer) => free(2, pointer)),
];
const LAST_FREES = [free(2, 0), free(2, 0)];

function reportOf(...lines: string[]): Report {
  return analyse(Buffer.from(`${lines.join("\n")}\n`), {
    model: true,
    whatIfs: [scenario("padded", { MALLOC_TOP_PAD_: "65536" }, false)],
    recordedWith: {},
    glibc: "2.36",
    cpus: 2,
    hostCpus: 2,
    touch: "all",
    thp: null,
  });
}

const living = reportOf(MAIN, MAIN_NULL, ...THREAD);
const ended = reportOf(MAIN, MAIN_NULL, ...THREAD, "2 thread_exit()");
const ends = ({ scenarios }: Report) => scenarios.map(({ rss }) => rss.endBytes);
const given = ends(living).map((bytes, i) => bytes - ends(ended)[i]!);

it("a thread whose last calls are those of an exit has ended, under each setting; the range covers that it lives", () => {
  expect(Math.min(...given)).toBeGreaterThan(400 * 1024);
  const { model, scenarios } = reportOf(MAIN, MAIN_NULL, ...THREAD, ...LAST_FREES);
  expect(model?.fidelity.ratio).toBe(1);
  expect(model?.inferred).toMatchObject({ threadExits: 1, lastExits: 1 });
  expect(scenarios.map(({ rss }) => rss.endBytes)).toEqual(ends(ended));
  expect(scenarios.map(({ rss }) => rss.highBytes)).toEqual(ends(living));
  expect(scenarios.map(({ rss }) => rss.spread.exitsBytes)).toEqual(given);
});

it("a thread whose last calls are others has not ended, and the range is empty", () => {
  const { model, scenarios } = living;
  expect(model?.inferred).toMatchObject({ threadExits: 0, lastExits: 0 });
  for (const { rss } of scenarios) {
    expect(rss.spread.exitsBytes).toBe(0);
  }
});

it("a thread lives on if the hook leaves out free(NULL), and the range covers that it ended", () => {
  const { model, scenarios } = reportOf(MAIN, ...THREAD);
  expect(model?.inferred.lastExits).toBe(0);
  expect(scenarios.map(({ rss }) => rss.endBytes)).toEqual(ends(living));
  expect(scenarios.map(({ rss }) => rss.lowBytes)).toEqual(ends(ended));
  expect(scenarios.map(({ rss }) => rss.spread.exitsBytes)).toEqual(given);
});

it("no exit is inferred if the log has thread_exit lines", () => {
  const { model } = reportOf(
    MAIN,
    ...THREAD,
    ...LAST_FREES,
    malloc(1, 1000, HEAP + 0x690),
    "3 thread_exit()",
  );
  expect(model?.inferred).toMatchObject({ threadExits: 0, lastExits: 0 });
});
