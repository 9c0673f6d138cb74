import type { Insertion } from "../replay/insertions.ts";
import type { LastExits } from "../replay/last-exits.ts";
import { KeptWorks } from "../replay/peak/kept-works.ts";
import { RecycledRuns } from "../replay/peak/recycled-runs.ts";
import { modelFor, type RecordedProcess } from "../replay/recorded-process.ts";
import { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { lateKinds } from "./late-settings.ts";
import { OtherOrders } from "./other-orders.ts";
import { helps, type RssBytes, rssBytes } from "./rss-figures.ts";
import { type MaybeFigures, type ScenarioFigures, sharedFigures } from "./scenario-figures.ts";
import { atFirst, bySharingAtFirst } from "./sharing.ts";
import { type Step, stepFacts } from "./step-facts.ts";
import { type KeptStep, type OrdersFrom, WhatIf } from "./what-if.ts";

/** Scenarios whose figures are wanted: those of trials only if they help. */
export interface Asked {
  readonly specs: readonly ScenarioSpec[];
  /** RSS of the recorded run; null: trials cannot be compared with it */
  readonly recorded: RssBytes | null;
  /** false: only totals are wanted */
  readonly explains: boolean;
}

/**
 * All what-ifs of an analysis. They make the same calls as the recorded run and are independent of one another, so each
 * may replay several batches in a row, which keeps its state in the processor's cache.
 */
export class WhatIfs {
  #whatIfs: readonly WhatIf[];
  readonly #keptWorks = new KeptWorks(false);
  /** see StepFacts */
  #startTime = Number.NaN;
  readonly #orders: OtherOrders[] = [];

  /** @throws SettingRefused a setting that the process's glibc does not accept */
  constructor(origin: RecordedProcess, specs: readonly ScenarioSpec[]) {
    const recycled = new RecycledRuns<Replay>();
    const late = lateKinds(origin, specs);
    this.#whatIfs = bySharingAtFirst(specs, late).map(
      (sharing) =>
        new WhatIf(origin, sharing, late, replayOf(origin, atFirst(sharing[0]!, late)), recycled),
    );
  }

  get all(): readonly WhatIf[] {
    return this.#whatIfs;
  }

  replay(steps: readonly Step[]): void {
    const kept = steps.map((step) => {
      const facts = stepFacts(step, this.#startTime);
      this.#startTime = facts.startTime;
      const kept = this.#keptWorks.copy(step.work);
      return { ...step, work: kept.work, facts, kept };
    });
    this.#whatIfs = this.#whatIfs.flatMap((whatIf) => replayed(whatIf, kept, this.#ordersFrom));
    for (const one of kept) {
      one.kept.release();
    }
    for (const orders of this.#orders) {
      orders.release();
    }
  }

  readonly #ordersFrom: OrdersFrom = (first, ids) => {
    const known = this.#orders.find((orders) => orders.first === first);
    if (known !== undefined) {
      return known;
    }
    const orders = new OtherOrders(first, ids);
    this.#orders.push(orders);
    return orders;
  };

  /** The log ends. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    for (const whatIf of this.#whatIfs) {
      whatIf.finish(insertions, exits);
    }
  }

  /** Returns the figures of what is asked for. Must be called once: it makes the trims at the end. */
  figures(reading: Reading, { specs, recorded, explains }: Asked): MaybeFigures[] {
    const figures = new Map<ScenarioSpec, ScenarioFigures>();
    for (const whatIf of this.#whatIfs) {
      const asked = whatIf.specs.filter(
        (spec) =>
          specs.includes(spec) &&
          (spec.trial === undefined || helps(rssBytes(whatIf.likeliest, reading), recorded)),
      );
      if (asked.length > 0) {
        for (const [spec, one] of sharedFigures(whatIf, asked, reading, explains)) {
          figures.set(spec, one);
        }
      }
      whatIf.forgetPeak();
    }
    return specs.map((spec) => figures.get(spec) ?? null);
  }
}

/** Replays the steps. Returns the what-if, or those that it was divided into. */
function replayed(whatIf: WhatIf, steps: readonly KeptStep[], orders: OrdersFrom): WhatIf[] {
  for (const [n, step] of steps.entries()) {
    const kind = whatIf.dueIn(step.facts);
    if (kind !== null) {
      const parts = whatIf.divided(kind, step.facts);
      return parts.flatMap((part) => replayed(part, steps.slice(n), orders));
    }
    whatIf.replay(step, orders);
  }
  return [whatIf];
}

function replayOf(origin: RecordedProcess, spec: ScenarioSpec): Replay {
  const { trim } = spec;
  const every = typeof trim === "object" ? trim.everySeconds : Number.POSITIVE_INFINITY;
  return new Replay(modelFor(origin, spec), every);
}
