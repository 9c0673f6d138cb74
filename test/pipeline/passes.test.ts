import { describe, expect, it } from "vitest";
import { type Aspect, PASSES, type Pass } from "../../src/pipeline/passes.ts";
import { TOUCH_COLUMNS } from "../../src/replay/writes/touch.ts";
import { ACTION_COLUMNS } from "../../src/trace/actions.ts";
import { EVENT_COLUMNS } from "../../src/trace/event.ts";
import { rowsOf } from "../support/columns.ts";
import { sitesState } from "../support/naive-sites.ts";
import { prepare } from "../support/prepared-log.ts";

/** True if each pass needs only what decoding or a pass before it gives. */
function isInOrder(passes: readonly Pass[]): boolean {
  const given = new Set<Aspect>(["events"]);
  return passes.every(({ needs, gives }) => {
    const isReady = needs.every((aspect) => given.has(aspect));
    for (const aspect of gives) {
      given.add(aspect);
    }
    return isReady;
  });
}

describe("the passes over a batch", () => {
  it("need only what decoding or an earlier pass gives", () => {
    expect(isInOrder(PASSES)).toBe(true);
    expect(isInOrder(PASSES.toReversed())).toBe(false);
  });

  it("need nothing of a pass for the models if they are not for the models themselves", () => {
    const withoutModel = PASSES.filter(({ forModel }) => !forModel);
    expect(withoutModel.length).toBeGreaterThan(0);
    expect(isInOrder(withoutModel)).toBe(true);
  });

  it("have a name each", () => {
    expect(new Set(PASSES.map(({ name }) => name)).size).toBe(PASSES.length);
  });
});

/**
 * A log in which every pass changes something: a thread that exits without a line and then frees a thread vector, a thread
 * that begins with a free and is given a pointer only in the next batch, lines in the wrong order, a time past midnight, reallocs, a thread whose exit takes effect later than its line, large blocks, and
 * comments that state holes and RSS.
 */
const LOG = [
  "# holes min=65536",
  "1 23:59:58.000000 calloc(16, 16) = 0x555555550010",
  "4 23:59:58.000100 malloc(100) = 0x7ffff4000b70",
  "4 23:59:58.000200 [0x7fffe0001000] free(0x0)",
  ...Array.from({ length: 14 }, () => "4 23:59:58.000300 [0x7fffe0002000] free(0x0)"),
  "4 23:59:58.000300 [0x7fffe0003000] free(0x555555550010)",
  "5 23:59:59.000000 free(0x0)",
  "1 23:59:59.999000 malloc(100) = 0x555555559010",
  "2 23:59:59.999100 malloc(5000) = 0x7ffff0000b70",
  // Returned again before thread 1 frees it, a line below.
  "2 23:59:59.999200 malloc(100) = 0x555555559010",
  "1 23:59:59.999210 free(0x555555559010)",
  "1 00:00:00.000100 malloc(200000) = 0x7ffff7000010",
  "# hole 0x7ffff7000010 4080+40960",
  "# rss 8192",
  "1 00:00:00.000200 realloc(0x7ffff7000010, 300000) = 0x7ffff7000010",
  "2 00:00:00.000300 thread_exit()",
  "5 00:00:00.000320 malloc(100) = 0x7fffec000b70",
  "1 00:00:00.000350 malloc(40000) = 0x555555560010",
  "2 00:00:00.000400 free(0x0)",
  // Too small for the holes that the log states.
  "3 00:00:00.000500 realloc(0x555555560010, 50000) = 0x555555560010",
  // Small: its new part alone is written.
  "1 00:00:00.000550 malloc(64) = 0x555555580010",
  "1 00:00:00.000560 realloc(0x555555580010, 3000) = 0x555555580010",
  "1 00:00:00.000600 free(0x7ffff7000010)",
];

/** All that the passes leave for a replay and for the report; "error" if a pass throws. */
function resultOf(passes: readonly Pass[]): string {
  try {
    const { batches, ledger } = prepare(LOG, 24, passes);
    const rows = batches.map(({ work, logged }) => {
      const { length } = work.batch;
      return [
        rowsOf(EVENT_COLUMNS, work.batch, length),
        rowsOf(ACTION_COLUMNS, work.actions, length),
        rowsOf(TOUCH_COLUMNS, work.touch, length),
        logged,
      ];
    });
    const { anomalies, liveBytes, threads, sites, clock } = ledger;
    const who = [threads.rows(), sitesState(sites)];
    return JSON.stringify([rows, anomalies, liveBytes.points(), who, clock.last]);
  } catch {
    return "error";
  }
}

/** All orders of the passes in which each comes after those that it needs. */
function* possibleOrders(
  left: readonly Pass[] = PASSES,
  before: readonly Pass[] = [],
): Generator<readonly Pass[]> {
  if (left.length === 0) {
    yield before;
  }
  for (const pass of left) {
    const others = left.filter((one) => one !== pass);
    // A pass comes after all passes that give something it needs, and after those that need what it changes.
    const isReady = others.every(
      (other) => PASSES.indexOf(other) > PASSES.indexOf(pass) || areIndependent(other, pass),
    );
    if (isReady) {
      yield* possibleOrders(others, [...before, pass]);
    }
  }
}

function areIndependent(a: Pass, b: Pass): boolean {
  const touches = (one: Pass, other: Pass) =>
    one.gives.some((aspect) => other.needs.includes(aspect) || other.gives.includes(aspect));
  return !touches(a, b) && !touches(b, a);
}

describe("the order of the passes", () => {
  const expected = resultOf(PASSES);

  it("does not matter as far as the needs leave it open", () => {
    const orders = [...possibleOrders()];
    expect(orders.length).toBeGreaterThan(10);
    for (const order of orders) {
      expect(resultOf(order) === expected, order.map(({ name }) => name).join(", ")).toBe(true);
    }
  });

  const pairs = PASSES.flatMap((later, i) =>
    PASSES.slice(0, i)
      .filter(({ gives }) => gives.some((aspect) => later.needs.includes(aspect)))
      .map((earlier) => [later.name, earlier.name] as const),
  );

  it.each(pairs)("matters: '%s' comes after '%s'", (later, earlier) => {
    const pass = PASSES.find(({ name }) => name === later)!;
    const others = PASSES.filter((one) => one !== pass);
    const at = others.findIndex(({ name }) => name === earlier);
    expect(resultOf(others.toSpliced(at, 0, pass)) === expected).toBe(false);
  });
});
