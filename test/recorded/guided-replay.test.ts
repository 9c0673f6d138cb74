import { describe, expect, it } from "vitest";
import { residentPages } from "../../src/ptmalloc/census.ts";
import {
  ADDR,
  GRANULE,
  SMALLEST_PAGE as PAGE,
  STATE,
  UNLOGGED,
} from "../../src/ptmalloc/chunks.ts";
import { findChunk } from "../../src/ptmalloc/find-chunk.ts";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { PLANE_NONE } from "../../src/ptmalloc/resident.ts";
import { ArenaSeries } from "../../src/recorded/arena-series.ts";
import type { GuidedReplay } from "../../src/recorded/guided-replay.ts";
import { AsGiven } from "../../src/replay/writes/reading.ts";
import { planesOf } from "../support/heap-pages.ts";
import { BREAK } from "../support/model-log.ts";
import { guidedReplay, originOf, prepare, WHOLE_POINTERS } from "../support/prepared-log.ts";

const FACTS = { ...WHOLE_POINTERS, heapStart: BREAK };
/** the first block that glibc 2.36 returns: a tcache struct of 0x290 bytes lies below it */
const FIRST = 0x2a0;
const at = (offset: number) => `0x${(BREAK + offset).toString(16)}`;

/** A replay by 2.36's rules of a log of one thread, whose break area begins at BREAK. */
function replayed(...calls: string[]) {
  const { batches } = prepare(calls.map((call) => `1 ${call}`));
  const { work } = batches[0]!;
  const guided = guidedReplay(originOf("2.36"), FACTS);
  return {
    guided,
    work,
    run: (from = 0, to = work.batch.length) => guided.replay.run(work, from, to),
  };
}

/** The pointer that the log would show for the block of event `i`. */
function addressOf({ replay, judge, model }: GuidedReplay, block: number): string {
  return `0x${judge.addresses.addressOf(model, replay.chunkOf(block)).toString(16)}`;
}

/** True for each page of the break area that the allocator itself has written. */
function written({ model }: GuidedReplay, from: number, to: number): boolean[] {
  const pages = planesOf(model.breakHeap.pages, from, to);
  return pages.map((planes) => (planes & PLANE_NONE) !== 0);
}

describe("a call whose pointer the model does not foresee", () => {
  const CALLS = [`malloc(100) = ${at(FIRST)}`, `malloc(100) = ${at(0x1010)}`];

  it("counts as a mismatch, and its block moves to the logged place", () => {
    const { guided, run } = replayed(...CALLS);
    run();
    expect(guided.judge.state).toMatchObject({ compared: 2, matched: 1 });
    expect([0, 1].map((block) => addressOf(guided, block))).toEqual([at(FIRST), at(0x1010)]);
  });

  it("leaves its block where the model put it while anchoring is off", () => {
    const { guided, run } = replayed(...CALLS);
    guided.withoutAnchors(run);
    expect(guided.judge.state).toMatchObject({ compared: 2, matched: 1 });
    // Right above the first one, whose chunk has 112 bytes.
    expect(addressOf(guided, 1)).toBe(at(FIRST + 112));
  });

  it("anchors again after that", () => {
    const { guided, run } = replayed(...CALLS, `malloc(100) = ${at(0x3010)}`);
    guided.withoutAnchors(() => run(0, 2));
    run(2);
    expect(addressOf(guided, 2)).toBe(at(0x3010));
  });
});

describe("a block that moves to its logged place", () => {
  /** 64 KiB above the heap's start, where nothing is written yet */
  const FAR = 16 * PAGE;

  it("takes along the bytes that realloc copied", () => {
    const { guided, run } = replayed(
      `malloc(${2 * PAGE}) = ${at(FIRST)}`,
      `realloc(${at(FIRST)}, ${4 * PAGE}) = ${at(FAR + GRANULE)}`,
    );
    run();
    // The two pages copied end 16 bytes into the third; above it only the next chunk's header is written.
    expect(written(guided, 16, 21)).toEqual([true, true, true, false, true]);
  });

  it("takes along the bytes that calloc cleared", () => {
    const { guided, run } = replayed(`calloc(1, ${3 * PAGE}) = ${at(FAR + GRANULE)}`);
    run();
    expect(written(guided, 16, 20)).toEqual([true, true, true, true]);
  });

  it("takes along nothing of malloc", () => {
    const { guided, run } = replayed(`malloc(${3 * PAGE}) = ${at(FAR + GRANULE)}`);
    run();
    expect(written(guided, 16, 20)).toEqual([true, false, false, true]);
  });
});

describe("a free of a block that was allocated outside the log", () => {
  /** The log begins with a block 64 KiB up; what lies below was allocated before it began. */
  const BEGIN = `malloc(100) = ${at(0x10010)}`;
  const chunkAt = ({ model }: GuidedReplay, offset: number) =>
    findChunk(model, model.breakHeap, offset / GRANULE - 1);
  const beginsAt = (guided: GuidedReplay, offset: number) =>
    guided.model.chunks.words[chunkAt(guided, offset) + ADDR] === offset / GRANULE - 1;

  it("shows where a chunk begins", () => {
    const { guided, work, run } = replayed(BEGIN, `free(${at(0x8010)})`);
    run(0, 1);
    expect(guided.model.unloggedGranules * GRANULE).toBe(0x10000);
    expect(beginsAt(guided, 0x8010)).toBe(false);
    guided.placeUnlogged(work, null);
    expect(beginsAt(guided, 0x8010)).toBe(true);
    expect(guided.model.chunks.words[chunkAt(guided, 0x8010) + STATE]).toBe(UNLOGGED);
  });

  it("frees the memory up to the next chunk that another free shows", () => {
    const { guided, work, run } = replayed(BEGIN, `free(${at(0x8010)})`, `free(${at(0x9010)})`);
    run(0, 1);
    guided.placeUnlogged(work, null);
    run(1, 2);
    expect(guided.model.unloggedGranules * GRANULE).toBe(0x10000 - 0x1000);
  });

  it("shows it one batch ahead", () => {
    const lines = [BEGIN, `free(${at(0x8010)})`, `free(${at(0x9010)})`];
    const [first, second, third] = prepare(
      lines.map((line) => `1 ${line}`),
      1,
    ).batches;
    const guided = guidedReplay(originOf("2.36"), FACTS);
    guided.replay.run(first!.work, 0, 1);
    guided.placeUnlogged(second!.work, third!.work.batch);
    expect([0x8010, 0x9010].map((offset) => beginsAt(guided, offset))).toEqual([true, true]);
  });

  it("is nothing if the pointer is NULL", () => {
    const { guided, work, run } = replayed(BEGIN, "free(0x0)");
    run(0, 1);
    guided.placeUnlogged(work, null);
    run(1, 2);
    expect(guided.model.unloggedGranules * GRANULE).toBe(0x10000);
  });
});

describe("a block above the break", () => {
  it("is reported before its call, and others are not", () => {
    const { guided, run } = replayed(
      `malloc(100) = ${at(FIRST)}`,
      `malloc(100) = ${at(FIRST + 112)}`,
      // The first call has moved the break to 0x21000.
      `malloc(100) = ${at(0x30010)}`,
      "free(0x0)",
    );
    run(0, 1);
    const reported: [number, number][] = [];
    guided.onAboveBreak = (i) => reported.push([i, guided.judge.compared]);
    run(1);
    expect(reported).toEqual([[2, 2]]);
  });
});

describe("the series", () => {
  it("have the bytes of the chunks that the program holds after each event", () => {
    const { guided, run } = replayed(
      `malloc(100) = ${at(FIRST)}`,
      `malloc(1000) = ${at(FIRST + 112)}`,
      `free(${at(FIRST)})`,
    );
    run();
    guided.replay.finish();
    expect(guided.inUse.points()).toEqual([112, 112 + 1008, 1008]);
  });

  it("have the RSS of each arena after each event", () => {
    const { guided, run } = replayed(
      `malloc(100) = ${at(FIRST)}`,
      `malloc(${2 * PAGE}) = ${at(FIRST + 112)}`,
      "mark(end)",
    );
    guided.arenaSeries = new ArenaSeries();
    run();
    const now = residentPages(guided.model, guided.model.mainArena);
    const bytes = guided.arenaSeries.rssBytes(0, now, new AsGiven(), 3);
    // The last point is open: it closes when the next event begins.
    expect(bytes).toEqual([PAGE, 3 * PAGE, 3 * PAGE]);
    expect(guided.arenaSeries.pointEnd).toBe(3);
  });
});

describe("a clone", () => {
  it("has no callbacks and no series by arena", () => {
    const guided = guidedReplay(originOf("2.36"));
    guided.onAboveBreak = () => {};
    guided.siblings.onSplit = () => {};
    guided.arenaSeries = new ArenaSeries();
    const copy = guided.clone();
    expect([copy.onAboveBreak, copy.siblings.onSplit, copy.arenaSeries]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it("follows the rules of a sibling version if asked to", () => {
    const guided = guidedReplay(originOf("2.36"));
    const copy = guided.cloneAs(profileOf("2.39")!);
    expect([guided.model.profile.name, copy.model.profile.name]).toEqual(["2.36", "2.39"]);
  });
});

it("forgets the first pointers of new threads with the batch in which they come: a later thread may have the id", () => {
  const { guided, work } = replayed(`malloc(100) = ${at(0x2a0)}`);
  guided.expectPointer(1, 0x7fffec000b70);
  expect(guided.witness.coming.get(1)).toBe(0x7fffec000b70);
  guided.beginBatch(work, null);
  expect(guided.witness.coming.size).toBe(0);
});
