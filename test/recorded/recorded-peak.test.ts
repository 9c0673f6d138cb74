import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { bitOf, PLANE_POLICY, RATIOS, ratioPlane } from "../../src/ptmalloc/resident.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import { NO_EXITS } from "../../src/replay/last-exits.ts";
import { KeptWorks } from "../../src/replay/peak/kept-works.ts";
import { completed } from "../../src/trace/in-steps.ts";
import { LoggedProgram } from "../support/model-log.ts";
import { guidedReplay, originOf, prepare } from "../support/prepared-log.ts";
import { RANDOM_CALL, randomLog } from "../support/random-log.ts";

const PLANES = [PLANE_POLICY, ...RATIOS.map((_, i) => ratioPlane(i))];

interface Options {
  readonly eventsPerBatch: number;
  /** of each batch in turn, whether what the log leaves out is searched for */
  readonly infers: readonly boolean[];
}

function recordedRun(
  lines: readonly string[],
  { eventsPerBatch, infers }: Options,
  between: (run: RecordedRun) => void = () => {},
): RecordedRun {
  const run = new RecordedRun(guidedReplay(originOf("2.36")));
  run.peak.isMeasured = true;
  const works = new KeptWorks(true);
  for (const [n, { work, next, logged }] of prepare(lines, eventsPerBatch).batches.entries()) {
    const kept = works.keep(work);
    run.replay(work, next, logged, kept, infers[n % infers.length]!);
    kept.release();
    completed(run.infer(false));
    between(run);
  }
  run.finish([], NO_EXITS);
  return run;
}

/** RSS stays the same for so long that no stretch goes on. */
const QUIET = Array.from({ length: 200 }, () => [
  "1 malloc(24) = 0x5555555592a0",
  "1 free(0x5555555592a0)",
]).flat();

/** Expects the state at the peak of every plane, one after the other in copies of the run. */
function expectPeaks(run: RecordedRun): void {
  for (const plane of PLANES) {
    const copy = run.clone();
    const bit = bitOf(plane);
    const found = copy.peak.atPeak(copy.guided, plane);
    const { peak, peakEvent } = run.guided.replay.rss.pages[bit]!;
    expect(found?.model.resident.pages[bit]).toBe(peak);
    if (found !== null && found !== copy.guided) {
      expect(found.replay.state.event).toBe(peakEvent + 1);
    }
    checkInvariants(found!.model);
  }
}

describe("the state of a recorded run at its peak", () => {
  it("has the pages of the peak in random programs of which the hook misses calls", () => {
    fc.assert(
      fc.property(
        fc.array(RANDOM_CALL, { minLength: 5, maxLength: 400, size: "max" }),
        fc.integer({ min: 3, max: 60 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
        fc.constantFrom([], QUIET),
        (calls, eventsPerBatch, infers, quiet) => {
          const lines = [...quiet, "1 malloc(24) = 0x5555555592a0", ...randomLog(calls)];
          expectPeaks(recordedRun(lines, { eventsPerBatch, infers }));
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([5, 20, 300])(
    "includes exits that were inferred, in batches of %d events",
    (eventsPerBatch) => {
      const run = recordedRun(eventfulLog(), { eventsPerBatch, infers: [true] });
      expect(run.state.inferredExits).toBeGreaterThan(0);
      expectPeaks(run);
    },
  );

  it("is known of a copy that is taken in between", () => {
    const lines = [...QUIET, ...eventfulLog()];
    recordedRun(lines, { eventsPerBatch: 10, infers: [true, true, true, false] }, (run) => {
      const copy = run.clone();
      copy.finish([], NO_EXITS);
      expectPeaks(copy);
    });
  });
});

/** Threads end unseen and leave their arenas to others; memory rises and falls. */
function eventfulLog(): string[] {
  const p = new LoggedProgram("2.36");
  for (let wave = 0; wave < 12; wave++) {
    const t = p.thread();
    for (let i = 0; i < 20; i++) {
      t.malloc(3000, `of thread ${wave} ${i}`);
      p.malloc(2000, `of main ${wave} ${i}`);
    }
    for (let i = 0; i < 20; i++) {
      t.free(`of thread ${wave} ${i}`);
    }
    if (wave < 8) {
      t.exit(false);
    } else {
      p.free(...Array.from({ length: 20 }, (_, i) => `of main ${wave - 8} ${i}`));
    }
  }
  return p.lines;
}
