import { describe, expect, it } from "vitest";
import { RACES, race } from "../../../fixtures/race.ts";
import { strip } from "../../../fixtures/strip.ts";
import type { AnalysisOptions } from "../../../src/pipeline/analysis-options.ts";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../../support/corpus.ts";

/** ptmalloc2.md §12.4: which of two calls came first shows in the pointers that the log returns. */

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

/** A log of two threads in the main arena, in the order in which glibc 2.36 served them. */
class Log {
  readonly lines: string[] = [];
  #top = BASE + 0x290;

  /** A block of `bytes` (to be aligned with its header) from the top. */
  malloc(tid: number, bytes: number): number {
    // A thread's first call makes its cache, of 0x290 bytes; the first thread's lies below all.
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

  /** The lines from `from` on, `lines[n]` being the n-th of them; `apart` µs between any two; none where null. */
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

/** Two threads take from the top in turn: lines 4 and 5 are of one thread. */
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

describe("two calls logged the wrong way round", () => {
  it.each([
    ["a later call was given the model's place", takingTurns(), 3, [1, 0]],
    ["it stands several lines below", takingTurns(), 3, [1, 2, 0]],
    ["it belongs below several lines", takingTurns(), 3, [1, 2, 0]],
    ["an earlier call freed the model's place", freedAfter(), 3, [1, 0]],
  ])("are put in order where %s", (_where, log, from, lines) => {
    expect(replayed(log.logged(from, [], null))).toEqual({ unforeseen: 0, swaps: 0 });
    expect(replayed(log.logged(from, lines, null))).toEqual({ unforeseen: 1, swaps: 1 });
    expect(replayed(log.logged(from, lines, 10))).toEqual({ unforeseen: 1, swaps: 1 });
  });

  it("stay as logged where they are too far apart in time, or of one thread", () => {
    expect(replayed(takingTurns().logged(3, [1, 0], 1000)).swaps).toBe(0);
    expect(replayed(takingTurns().logged(4, [1, 0], null)).swaps).toBe(0);
  });

  it("stay as logged where something is told between them", () => {
    const log = takingTurns().logged(3, [1, 0], null).split("\n");
    log.splice(4, 0, "# rss 4096");
    expect(replayed(log.join("\n")).swaps).toBe(0);
  });
});

/** Of the corpus, those in which threads share arenas. */
describe.each(casesOf(OWN_CORPUS).filter(({ name }) => /^mt-|^jvm-|^xz-/.test(name)))(
  "$name, logged by a hook without a lock",
  (one) => {
    const whole = logOf(one, "default")?.toString("latin1") ?? "";
    const options: AnalysisOptions = {
      ...optionsFor(one, "default", [scenario("one arena", { MALLOC_ARENA_MAX: "1" }, false)]),
      recordedWith: null,
      cpus: null,
    };
    const analysed = (log: string) => {
      const { model, scenarios } = analyse(Buffer.from(log, "latin1"), options);
      return { model, rss: scenarios.map(({ rss }) => rss.endBytes) };
    };

    it.each([true, false])("exits told: %s: keeps its fidelity and its RSS", (told) => {
      const log = told ? whole : strip(whole, ["events"]);
      const expected = analysed(log);
      for (const kind of RACES) {
        const { model, rss } = analysed(race(log, kind, 0.5, 1));
        expect(model?.fidelity.ratio).toBeGreaterThanOrEqual(0.95);
        rss.forEach((bytes, k) => {
          expect(Math.abs(bytes / (expected.rss[k] ?? 0) - 1)).toBeLessThan(0.02);
        });
      }
    });
  },
);
