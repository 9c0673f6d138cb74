import { expect, test } from "vitest";
import { walkHeap } from "../../src/ptmalloc/census.ts";
import { FAST, FREE, STATE } from "../../src/ptmalloc/chunks.ts";
import { casesOf, logOf, OWN_CORPUS } from "../support/corpus.ts";
import { describeArena, describeThread } from "./allocator-state.ts";
import { linesAround, linesNaming } from "./log-lines.ts";
import { replayUpTo } from "./replay-up-to.ts";

const OPTIONS = {
  model: true,
  whatIfs: [],
  recordedWith: {},
  glibc: "2.36",
  cpus: 2,
  hostCpus: 1,
  touch: "all",
  thp: null,
} as const;

// The model gives line 4 the chunk freed in line 3, which the tcache holds.
const LOG = Buffer.from(
  [
    "1 malloc(32) = 0x5500000002a0",
    "1 malloc(32) = 0x5500000002d0",
    "1 free(0x5500000002a0)",
    "1 malloc(32) = 0x550000000300",
    "",
  ].join("\n"),
);

test("stops right before the line of the mismatch", () => {
  const { guided, tid, thread, pointer } = replayUpTo(LOG, 4, OPTIONS);
  expect({ tid, thread, pointer }).toEqual({ tid: 1, thread: 0, pointer: 0x550000000300 });
  expect(guided.judge.compared).toBe(2);
  expect(guided.judge.mismatches).toBe(0);
});

test("lists the thread's tcache and the arena's bins by address", () => {
  const { guided, tid, thread } = replayUpTo(LOG, 4, OPTIONS);
  expect(describeThread(guided, tid, thread)).toBe(
    "Thread 1: main arena, tcache active\n         48 bytes × 1: 0x5500000002a0",
  );
  expect(describeArena(guided, thread)).toMatch(
    /^main arena: top \d+ bytes, system 135168 bytes, heaps: 1$/,
  );
});

test("lists every free chunk of the arena once", () => {
  const [one] = casesOf(OWN_CORPUS).filter(({ name }) => name === "sqlite3-mem-g239");
  const log = logOf(one!, "default")!;
  const { guided, thread } = replayUpTo(log, 20_000, { ...OPTIONS, glibc: one!.meta.glibc });
  const counts = [...describeArena(guided, thread).matchAll(/bytes × (\d+):/g)];
  const listed = counts.reduce((sum, [, count]) => sum + Number(count), 0);
  let free = 0;
  const w = guided.model.chunks.words;
  walkHeap(guided.model, guided.model.breakHeap, (c) => {
    free += w[c + STATE] === FREE || w[c + STATE] === FAST ? 1 : 0;
  });
  expect(free).toBeGreaterThan(10);
  expect(listed).toBe(free);
});

test("shows the log's lines with numbers and a mark", () => {
  expect(linesAround(LOG, 3)).toContain(">        3  1 free(0x5500000002a0)");
  expect(linesAround(LOG, 3).split("\n")).toHaveLength(4);
  expect(linesNaming(LOG, 4, 0x5500000002a0).split("\n")).toEqual([
    "         1  1 malloc(32) = 0x5500000002a0",
    "         3  1 free(0x5500000002a0)",
  ]);
});
