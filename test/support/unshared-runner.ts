import type { Inferences } from "../../src/replay/inferences.ts";
import type { Insertion } from "../../src/replay/insertions.ts";
import type { LastExits } from "../../src/replay/last-exits.ts";
import { KeptWorks } from "../../src/replay/peak/kept-works.ts";
import { RecycledRuns } from "../../src/replay/peak/recycled-runs.ts";
import { modelFor, type RecordedProcess } from "../../src/replay/recorded-process.ts";
import { Replay } from "../../src/replay/replay.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import type { Work } from "../../src/replay/work.ts";
import type { Reading } from "../../src/replay/writes/reading.ts";
import { OtherOrders } from "../../src/what-if/other-orders.ts";
import { type MaybeFigures, sharedFigures } from "../../src/what-if/scenario-figures.ts";
import { stepFacts } from "../../src/what-if/step-facts.ts";
import { WhatIf } from "../../src/what-if/what-if.ts";
import type { WhatIfRunner } from "../../src/what-if/what-if-runner.ts";
import type { Asked } from "../../src/what-if/what-ifs.ts";

/** Replays each scenario alone, under all of its settings from the log's first call on. */
export class UnsharedRunner implements WhatIfRunner {
  readonly #keptWorks = new KeptWorks(false);
  #whatIfs: readonly WhatIf[] = [];
  #orders: OtherOrders[] = [];
  #startTime = Number.NaN;

  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void {
    this.#orders = [];
    this.#startTime = Number.NaN;
    this.#whatIfs = specs.map((spec) => {
      const every = typeof spec.trim === "object" ? spec.trim.everySeconds : undefined;
      const replay = new Replay(modelFor(origin, spec), every);
      return new WhatIf(origin, [spec], [], replay, new RecycledRuns());
    });
  }

  take(work: Work, inferences: Inferences): void {
    const facts = stepFacts({ work, inferences }, this.#startTime);
    this.#startTime = facts.startTime;
    const kept = this.#keptWorks.keep(work);
    for (const whatIf of this.#whatIfs) {
      whatIf.replay({ work, inferences, facts, kept }, (first, ids) => {
        const orders = new OtherOrders(first, ids);
        this.#orders.push(orders);
        return orders;
      });
    }
    kept.release();
    for (const orders of this.#orders) {
      orders.release();
    }
  }

  finish(insertions: readonly Insertion[], exits: LastExits): void {
    for (const whatIf of this.#whatIfs) {
      whatIf.finish(insertions, exits);
    }
  }

  figures(reading: Reading, { specs, explains }: Asked): MaybeFigures[] {
    return specs.map((spec) => {
      const whatIf = this.#whatIfs.find((one) => one.specs.includes(spec));
      return whatIf === undefined
        ? null
        : (sharedFigures(whatIf, [spec], reading, explains).get(spec) ?? null);
    });
  }

  whenReady(): null {
    return null;
  }
}
