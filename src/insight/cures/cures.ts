import type { Cure, CurePrice } from "../../report/contract/cure.ts";
import type { Report, Scenario } from "../../report/contract/report.ts";
import { systemCallsBy } from "../../report/system-calls-of.ts";
import { whatToType } from "../../report/what-to-type/what-to-type.ts";
import { isUnreliable } from "../evidence/grade.ts";
import { dependsOnOrder, isSurelyLower, MOMENTS, type Moment, ranked, rssAt } from "./ranking.ts";
import { threadsPerArena } from "./threads-per-arena.ts";
import { typedFor } from "./typed-for.ts";

/**
 * The scenarios that lower RSS notably: first those that lower the peak, by how much they do, then those that lower the end only.
 * One that adds settings without effect to another is left out. None if the log does not support the model's figures.
 */
export function curesOf(report: Omit<Report, "cures">): Cure[] {
  const [recorded, ...tried] = report.scenarios;
  if (recorded === undefined || isUnreliable(report)) {
    return [];
  }
  const byMoment = { peak: ranked(recorded, tried, "peak"), end: ranked(recorded, tried, "end") };
  const all = [...new Set([...byMoment.peak, ...byMoment.end])].map((scenario): Cure => {
    const lowers = MOMENTS.filter((moment) => byMoment[moment].includes(scenario));
    const figures = (moment: Moment) => {
      const bytes = rssAt(scenario, moment);
      return { bytes, change: bytes - rssAt(recorded, moment) };
    };
    return {
      name: scenario.name,
      settings: settingsOf(scenario, recorded),
      bestFor: MOMENTS.filter((moment) => byMoment[moment][0] === scenario),
      peak: figures("peak"),
      end: figures("end"),
      price: priceOf(scenario, recorded),
      certain: lowers.every(
        (moment) =>
          isSurelyLower(scenario, recorded, moment) && !dependsOnOrder(scenario, recorded, moment),
      ),
      type: typedFor(whatToType(scenario, report), report),
    };
  });
  return all.filter((cure) => !all.some((simpler) => addsNothing(cure, simpler)));
}

/** True for a cure that has the settings of a simpler one and more, but the same figures. */
function addsNothing(cure: Cure, simpler: Cure): boolean {
  const settings = Object.entries(simpler.settings);
  return (
    settings.length < Object.keys(cure.settings).length &&
    settings.every(([name, value]) => cure.settings[name] === value) &&
    figuresOf(cure) === figuresOf(simpler)
  );
}

function figuresOf({ peak, end, price }: Cure): string {
  return JSON.stringify([peak.bytes, end.bytes, price]);
}

/** What differs from the recorded run, as --what-if takes it. */
function settingsOf(scenario: Scenario, recorded: Scenario): Record<string, string> {
  const changed = Object.entries(scenario.settings).filter(
    ([name, value]) => recorded.settings[name] !== value,
  );
  const [cpus] = scenario.name.split(",").flatMap((part) => /^cpus=(.+)$/.exec(part)?.[1] ?? []);
  return {
    ...Object.fromEntries(changed),
    ...(scenario.trim === recorded.trim ? {} : { malloc_trim: scenario.trim }),
    ...(scenario.glibc === recorded.glibc ? {} : { glibc: scenario.glibc }),
    ...(cpus === undefined ? {} : { cpus }),
  };
}

function priceOf(scenario: Scenario, recorded: Scenario): CurePrice {
  return {
    systemCalls: systemCallsBy((kind) => scenario.systemCalls[kind] - recorded.systemCalls[kind]),
    pageFaults: scenario.pageFaults - recorded.pageFaults,
    threadsPerArena: threadsPerArena(scenario) - threadsPerArena(recorded),
  };
}
