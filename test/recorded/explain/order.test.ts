import { describe, expect, it } from "vitest";
import type { AnalysisOptions } from "../../../src/pipeline/analysis-options.ts";
import type { Order } from "../../../src/recorded/explain/explanation.ts";
import { OrderHypotheses } from "../../../src/recorded/explain/order.ts";
import { RecentPast } from "../../../src/recorded/explain/past.ts";
import type { Insertion } from "../../../src/replay/insertions.ts";
import { KeptWork } from "../../../src/replay/peak/kept-works.ts";
import { analyse } from "../../support/corpus.ts";
import { guidedReplay, originOf, prepare } from "../../support/prepared-log.ts";

/** The pointers that a log returns show which of two calls came first (ptmalloc2.md §12.4). */

const OPTIONS: AnalysisOptions = {
  model: true,
  whatIfs: [],
  recordedWith: { MALLOC_ARENA_MAX: "1" },
  glibc: "2.36",
  cpus: 2,
  hostCpus: 2,
  touch: "all",
  thp: null,
};

const BASE = 0x55d0_0000_0000;

/** A log of two threads in the main arena, in the order in which glibc 2.36 serves them. */
class Log {
  readonly lines: string[] = [];
  #top = BASE + 0x290;

  /** A block from the top; `bytes` + 8 is a multiple of 16. */
  malloc(tid: number, bytes: number): number {
    // A thread's first call allocates its tcache struct of 0x290 bytes; that of the first thread lies lowest.
    if (tid !== 1 && !this.lines.some((line) => line.startsWith(`${tid} `))) {
      this.#top += 0x290;
    }
    const pointer = this.#top + 0x10;
    this.#top += bytes + 8;
    this.given(tid, bytes, pointer);
    return pointer;
  }

  given(tid: number, bytes: number, pointer: number): void {
    this.lines.push(`${tid} malloc(${bytes}) = 0x${pointer.toString(16)}`);
  }

  free(tid: number, pointer: number): void {
    this.lines.push(`${tid} free(0x${pointer.toString(16)})`);
  }

  /**
   * The log with the lines from `from` on in another order: `lines[n]` is the n-th of them. `apart`: µs between two lines;
   * null: lines without times.
   */
  logged(from: number, lines: readonly number[], apart: number | null): string {
    const order = this.lines.map((line, k) => {
      const other = lines[k - from];
      return other === undefined ? line : this.lines[from + other]!;
    });
    if (apart === null) {
      return `${order.join("\n")}\n`;
    }
    const at = (k: number) => `00:00:${((k * apart) / 1e6).toFixed(6).padStart(9, "0")}`;
    return `${order.map((line, k) => line.replace(" ", ` ${at(k)} `)).join("\n")}\n`;
  }
}

function replayed(log: string) {
  const { model } = analyse(Buffer.from(log), OPTIONS);
  if (model === null) {
    throw new Error("there is no model");
  }
  const { compared, equal } = model.fidelity;
  return { unforeseen: compared - equal, swaps: model.inferred.swaps };
}

/** Two threads take from the top in turn; lines 4 and 5 (counted from 0) are of one thread. */
function takingTurns(): Log {
  const log = new Log();
  for (const tid of [1, 2, 1, 2, 1, 1, 2]) {
    log.malloc(tid, 0x88 + 0x10 * log.lines.length);
  }
  for (let k = 0; k < 20; k++) {
    log.malloc(1 + (k % 2), 0x108);
  }
  return log;
}

/** Thread 1 takes from the top before thread 2 frees what would have served it. */
function freedAfter(): Log {
  const log = new Log();
  log.malloc(1, 0x88);
  const block = log.malloc(2, 0x7d8);
  log.malloc(1, 0x88);
  log.malloc(1, 0x7d8);
  log.free(2, block);
  log.given(2, 0x7d8, block);
  for (let k = 0; k < 20; k++) {
    log.malloc(1 + (k % 2), 0x108);
  }
  return log;
}

describe("two calls that the log has in the wrong order", () => {
  it.each([
    ["the next call returned the model's place", takingTurns(), 3, [1, 0]],
    ["a call several lines below returned the model's place", takingTurns(), 3, [1, 2, 0]],
    ["an earlier call freed the model's place", freedAfter(), 3, [1, 0]],
  ])("are put in order where %s", (_where, log, from, lines) => {
    expect(replayed(log.logged(from, [], null))).toEqual({ unforeseen: 0, swaps: 0 });
    expect(replayed(log.logged(from, lines, null))).toEqual({ unforeseen: 1, swaps: 1 });
    expect(replayed(log.logged(from, lines, 10))).toEqual({ unforeseen: 1, swaps: 1 });
  });

  it("keep their order where they are far apart in time, or of one thread", () => {
    expect(replayed(takingTurns().logged(3, [1, 0], 1000)).swaps).toBe(0);
    expect(replayed(takingTurns().logged(4, [1, 0], null)).swaps).toBe(0);
  });

  it("keep their order where the log states something between them", () => {
    const log = takingTurns().logged(3, [1, 0], null).split("\n");
    log.splice(4, 0, "# rss 4096");
    expect(replayed(log.join("\n")).swaps).toBe(0);
  });
});

/** The n-th block of 0x88 bytes in a log whose lines the hypotheses only compare. */
const block = (n: number) => BASE + 0x2a0 + n * 0x90;
const malloc = (tid: number, n: number) => `${tid} malloc(136) = 0x${block(n).toString(16)}`;
const free = (tid: number, n: number) => `${tid} free(0x${block(n).toString(16)})`;

/** The orders tried where the model returned block `modelled` at event `mismatch`, as "first line: order". */
function ordersOf(
  lines: readonly string[],
  mismatch: number,
  modelled: number,
  insertions: readonly Insertion[] = [],
  settings: Record<string, string> = { MALLOC_ARENA_MAX: "1" },
): string[] {
  const { work } = prepare(lines).batches[0]!;
  const before = guidedReplay(originOf("2.36", settings));
  const past = new RecentPast();
  past.keep(before, new KeptWork(work), 0, insertions, null);
  before.replay.run(work, 0, mismatch);
  const hypotheses = new OrderHypotheses(past, mismatch, block(modelled), before);
  return [...hypotheses.orders()].map(({ from, lines: order }: Order) => `${from}: ${order}`);
}

describe("the orders that may explain a mismatch", () => {
  /** Thread 1 was given block 4 at event 3, and thread 2 block 3 after it. */
  const LATER = [malloc(1, 0), malloc(2, 1), malloc(2, 2), malloc(1, 4), malloc(2, 3)];

  it("begin with the one in which a later call that returned the model's place comes first", () => {
    expect(ordersOf(LATER, 3, 3)[0]).toBe("3: 1,0");
  });

  it("take the thread's own calls in between along", () => {
    const lines = [...LATER.slice(0, 4), malloc(2, 5), malloc(2, 3)];
    expect(ordersOf(lines, 3, 3)[0]).toBe("3: 1,2,0");
  });

  it("go on with the one in which an earlier call that freed the model's place comes later", () => {
    const lines = [malloc(1, 0), malloc(2, 1), malloc(1, 2), free(2, 1), malloc(1, 3)];
    expect(ordersOf(lines, 4, 1)[0]).toBe("3: 1,0");
  });

  it("then move the latest calls that name either place among their neighbours, nearest first", () => {
    // Block 2 was freed by thread 1 at event 4, and returned at event 8 instead of block 9.
    const lines = [
      malloc(1, 0),
      malloc(2, 1),
      malloc(1, 2),
      malloc(2, 3),
      free(1, 2),
      malloc(2, 4),
      malloc(2, 5),
      malloc(2, 6),
      malloc(1, 2),
    ];
    const orders = ordersOf(lines, 8, 9);
    // The call above it, then those below it.
    expect(orders.slice(0, 4)).toEqual(["3: 1,0", "4: 1,0", "4: 1,2,0", "4: 1,2,3,0"]);
  });

  it("end with all calls of different threads that stand close together", () => {
    const lines = [malloc(1, 0), malloc(2, 1), malloc(1, 2), malloc(2, 9)];
    const orders = ordersOf(lines, 3, 7);
    expect(orders.toSorted()).toEqual(["0: 1,0", "1: 1,0", "2: 1,0"]);
  });

  it("do not repeat themselves", () => {
    const lines = Array.from({ length: 30 }, (_, n) => malloc(1 + (n % 3), n));
    const orders = ordersOf(lines, 20, 25);
    expect(orders.length).toBeGreaterThan(20);
    expect(new Set(orders).size).toBe(orders.length);
  });

  it("leave out lines of one thread", () => {
    const lines = [malloc(1, 0), malloc(1, 1), malloc(1, 3), malloc(1, 2)];
    expect(ordersOf(lines, 2, 2)).toEqual([]);
  });

  it("leave out lines that are more than 100 µs or 64 lines apart", () => {
    const timed = (micros: number) =>
      LATER.map((line, i) => line.replace(" ", ` 00:00:00.000${i === 4 ? micros : "000"} `));
    expect(ordersOf(timed(100), 3, 3)).toContain("3: 1,0");
    expect(ordersOf(timed(101), 3, 3)).not.toContain("3: 1,0");
    const apart = (lines: number) => [
      ...LATER.slice(0, 4),
      ...Array.from({ length: lines }, (_, n) => malloc(1, 10 + n)),
      malloc(2, 3),
    ];
    const first = (lines: number) => ordersOf(apart(lines), 3, 3)[0];
    expect(first(62)?.startsWith("3: 63,0,1,")).toBe(true);
    expect(first(63)?.startsWith("3: 64,0,1,")).toBe(false);
  });

  it("leave out orders that move a line past an insertion", () => {
    const rss = (before: number): Insertion => ({ kind: "probe", before });
    expect(ordersOf(LATER, 3, 3, [rss(4)])).not.toContain("3: 1,0");
    // It stands above both lines, or below them.
    expect(ordersOf(LATER, 3, 3, [rss(3), rss(5)])).toContain("3: 1,0");
  });

  it("leave out orders in which calls on one block change places", () => {
    const freed = (n: number) => [malloc(1, 0), malloc(2, 1), free(1, n), malloc(2, 3)];
    expect(ordersOf(freed(1), 3, 7)).not.toContain("1: 1,0");
    expect(ordersOf(freed(0), 3, 7)).toContain("1: 1,0");
  });

  it("leave out calls in different arenas", () => {
    const inArena = (n: number) =>
      `2 malloc(136) = 0x${(0x7fff_f000_0b70 + n * 0x90).toString(16)}`;
    const alternating = (ofThread2: (n: number) => string) => [
      malloc(1, 0),
      ofThread2(2),
      malloc(1, 1),
      ofThread2(4),
      malloc(1, 3),
    ];
    expect(ordersOf(alternating(inArena), 4, 5, [], {})).toEqual([]);
    expect(
      ordersOf(
        alternating((n) => malloc(2, n)),
        4,
        5,
        [],
        {},
      ),
    ).not.toEqual([]);
  });
});
