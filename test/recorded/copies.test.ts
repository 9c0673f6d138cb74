import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenaSeries } from "../../src/recorded/arena-series.ts";
import { ForeignSbrk } from "../../src/recorded/explain/foreign-sbrk.ts";
import { GuidedReplay } from "../../src/recorded/guided-replay.ts";
import { modelFor } from "../../src/replay/recorded-process.ts";
import { Replay } from "../../src/replay/replay.ts";
import { compareCopy, describeValue, eachField } from "../support/compare-copy.ts";
import { LoggedProgram } from "../support/model-log.ts";
import {
  guidedReplay,
  originOf,
  prepare,
  replayPart,
  WHOLE_POINTERS,
} from "../support/prepared-log.ts";
import { RANDOM_CALL, randomLog } from "../support/random-log.ts";
import { NEVER_CHANGED, NOT_COPIED, REPLAY_COPIES } from "../support/replay-copies.ts";

/**
 * A copy of a guided replay holds every field of the original and shares nothing that changes, and it behaves as the
 * original does. The model's own fields are tested in ptmalloc/clone.test.ts.
 */

/** All that is wrong with a copy. */
function problemsOf(original: GuidedReplay, copy: GuidedReplay): string[] {
  const seriesOf = ({ replay, inUse }: GuidedReplay) =>
    JSON.stringify([...replay.rss.pages, inUse].map((series) => series.points()));
  const problems = compareCopy(original, copy, REPLAY_COPIES);
  return seriesOf(original) === seriesOf(copy) ? problems : [...problems, "other points"];
}

/** Replays a log up to event `end`; all of it by default. */
function follow(
  guided: GuidedReplay,
  lines: readonly string[],
  end = Number.POSITIVE_INFINITY,
  from = 0,
): GuidedReplay {
  for (const part of prepare(lines).batches) {
    const { work, first } = part;
    const at = (event: number) => Math.max(0, Math.min(work.batch.length, event - first));
    guided.placeUnlogged(work, null);
    replayPart(guided.replay, part, at(from), at(end));
  }
  return guided;
}

const UNKNOWN = originOf("2.36", null, null);

/** States that together have another value than at first in every field. */
const STATES: Record<string, () => GuidedReplay> = {
  "after mismatches, RSS samples and a call that failed": () => {
    const origin = originOf("2.36", { MALLOC_MMAP_MAX_: "0" }, null);
    const guided = new GuidedReplay(new Replay(modelFor(origin, null), 5));
    guided.judge.addresses.state.whole = true;
    guided.siblings.profiles = [originOf("2.39").profile];
    follow(guided, [
      "1 00:00:01.000000 malloc(100) = 0x5555555592a0",
      "1 00:00:02.000000 malloc(40000) = 0x555555560010",
      "1 00:00:03.000000 malloc(42949672960) = 0x7ffff0000010",
      "1 00:00:04.000000 free(0x7fffe0001230)",
      "1 00:00:05.000000 malloc(60000) = 0x555555590010",
      "1 00:00:06.000000 free(0x555555590010)",
      // The scenario's trim is due.
      "1 00:00:20.000000 malloc(70000) = 0x5555555a0010",
      ...Array.from({ length: 1000 }, () => "1 mark(x)"),
      "1 malloc(50000) = 0x5555555c0010",
    ]);
    guided.expectPointer(1, 0x7fffec000b70);
    guided.replay.probe();
    guided.replay.holdOutside(10_000);
    return guided;
  },
  "with a limit on arenas that is not yet confirmed": () => {
    const p = new LoggedProgram("2.36", { MALLOC_ARENA_MAX: "1" });
    p.malloc(100);
    p.thread().malloc(100);
    return follow(guidedReplay(UNKNOWN), p.lines);
  },
  "with a limit on arenas and an mmap threshold": () => {
    const settings = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "303104" };
    const p = new LoggedProgram("2.36", settings);
    const t = p.thread();
    p.malloc(120_000, "block");
    t.malloc(100);
    p.malloc(300_000);
    p.malloc(310_000);
    t.realloc("block", 290_000);
    return follow(guidedReplay(UNKNOWN), p.lines);
  },
  "with a choice of arena that is not yet confirmed": () => withChoice(1),
  "with a choice of arena": () => withChoice(2),
};

/** Thread 4 allocates `calls` times, in an arena that only the pointer of its first call shows. */
function withChoice(calls: number): GuidedReplay {
  const p = new LoggedProgram("2.36");
  p.malloc(100);
  const [two, three] = [p.thread(), p.thread()];
  two.malloc(100);
  three.malloc(100);
  three.exit();
  two.exit();
  p.moveLine(4, 3);
  const four = p.thread();
  for (let i = 0; i < calls; i++) {
    four.malloc(200);
  }
  const guided = guidedReplay(UNKNOWN);
  guided.witness.state.logsExits = true;
  return follow(guided, p.lines);
}

/** Sets every scalar of a plain object, in which state is kept, to a value that it never has. */
function setEveryScalar(root: object): void {
  let next = 1_000_000;
  eachField(
    root,
    (field, value, owner) => {
      if (owner.constructor !== Object) {
        return;
      }
      const key = field.slice(field.lastIndexOf(".") + 1);
      if (typeof value === "number") {
        Object.assign(owner, { [key]: next++ });
      } else if (typeof value === "boolean") {
        Object.assign(owner, { [key]: !value });
      }
    },
    NEVER_CHANGED,
  );
}

/** Classes whose copies these tests are about; `Points` is part of `PeakSeries`. */
const OWN =
  /^(GuidedReplay|Replay|PointerJudge|PointerWitness|AddressMap|SiblingVersions|PeakSeries|Points)\./;

describe.each(Object.entries(STATES))("a copy of a guided replay %s", (_name, make) => {
  it("equals the original in every field and shares nothing", () => {
    const guided = make();
    expect(problemsOf(guided, guided.clone())).toEqual([]);
  });

  it("equals the original while it does not anchor", () => {
    const guided = make();
    const copies: GuidedReplay[] = [];
    guided.withoutAnchors(() => {
      copies.push(guided.clone());
      expect(problemsOf(guided, copies[0]!)).toEqual([]);
    });
  });

  it("has the value of every scalar", () => {
    const guided = make();
    setEveryScalar(guided);
    expect(problemsOf(guided, guided.clone())).toEqual([]);
  });

  it("equals the original if it takes the memory of another replay", () => {
    const guided = make();
    const [, other] = Object.values(STATES);
    const recycled = follow(other!(), ["7 malloc(100000) = 0x7ffff0000b70"]);
    expect(problemsOf(guided, guided.clone(recycled))).toEqual([]);
  });

  it("equals the original without its guide", () => {
    const { replay } = make();
    const skipped = new Set([...NOT_COPIED, "Replay.guide", "Ptmalloc.#witness"]);
    expect(compareCopy(replay, replay.clone(), { shared: NEVER_CHANGED, skipped })).toEqual([]);
  });
});

it("every field has another value than at first in one of these states", () => {
  const values = new Map<string, Set<string>>();
  const collect = (guided: GuidedReplay) =>
    eachField(
      guided,
      (field, value) => {
        if (OWN.test(field)) {
          values.set(field, (values.get(field) ?? new Set()).add(describeValue(value)));
        }
      },
      NEVER_CHANGED,
    );
  collect(new GuidedReplay(new Replay(modelFor(UNKNOWN, null))));
  for (const make of Object.values(STATES)) {
    const guided = make();
    collect(guided);
    guided.withoutAnchors(() => collect(guided));
  }
  const neverSet = [...values]
    .filter(([field, seen]) => seen.size === 1 && !isSkipped(field))
    .map(([field, [value]]) => [field, value])
    .filter(([, value]) => value !== "filled" && !/^an? (object|function)/.test(value ?? ""));
  expect(neverSet).toEqual([]);
});

function isSkipped(field: string): boolean {
  return [...NOT_COPIED].some((skipped) => field === skipped || field.startsWith(`${skipped}.`));
}

describe("a copy of a part", () => {
  it("of the moves of the break has every field", () => {
    const found = new ForeignSbrk();
    setEveryScalar(found);
    const copy = new ForeignSbrk();
    copy.copy(found);
    expect(compareCopy(found, copy)).toEqual([]);
  });

  it("of the series by arena has every field", () => {
    const { model } = guidedReplay(UNKNOWN);
    const series = new ArenaSeries();
    for (let point = 0; point < 40; point++) {
      series.closePoint(model);
    }
    expect(compareCopy(series, series.clone(), REPLAY_COPIES)).toEqual([]);
  });
});

describe("a copy of any replay", () => {
  it("goes on as a replay that was never copied, whatever the original does", () => {
    fc.assert(
      fc.property(
        fc.array(RANDOM_CALL, { minLength: 5, maxLength: 60, size: "max" }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (calls, part) => {
          const lines = randomLog(calls);
          const cut = Math.floor(lines.length * part);
          const start = () => follow(guidedReplay(UNKNOWN, WHOLE_POINTERS), lines, cut);
          const [original, twin] = [start(), start()];
          const copy = original.clone();
          // The original takes another course.
          follow(original, randomLog(calls.toReversed()));
          follow(copy, lines, undefined, cut);
          follow(twin, lines, undefined, cut);
          expect(problemsOf(twin, copy)).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });
});
