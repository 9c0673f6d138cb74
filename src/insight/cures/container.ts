import type { Container, Report, Scenario } from "../../report/contract/report.ts";
import { type Fate, fateOf, needsOf } from "../../report/wording/container-fate.ts";
import { byteUnit, size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { observedPeak } from "../evidence/observed-sentences.ts";
import { after, plain } from "../sentences.ts";
import { servesAllCalls } from "./served-calls.ts";

/**
 * Compares every scenario with a cgroup's limit. The time of the OOM kill comes from the timeline, whose points keep the
 * maximum of their events: it is exact to one point.
 */
export function containerOf(
  report: Report,
  limitBytes: number | null,
  baseRssBytes: number,
): Container {
  const [recorded] = report.scenarios;
  const measuredBytes = observedPeak(report);
  const isMeasured =
    recorded !== undefined && measuredBytes > baseRssBytes + recorded.rss.peakBytes;
  const scenarios = report.scenarios.map((scenario) => {
    const { name, rss } = scenario;
    const modelledBytes = baseRssBytes + rss.peakBytes;
    const peakBytes = isMeasured && scenario === recorded ? measuredBytes : modelledBytes;
    const fits = limitBytes === null ? null : peakBytes <= limitBytes;
    if (limitBytes === null || fits) {
      return { name, peakBytes, fits, killedTime: null };
    }
    const series = report.timeline.perScenario[name] ?? [];
    const point = series.findIndex((bytes) => baseRssBytes + bytes > limitBytes);
    const time = point < 0 ? rss.peakTime : (report.timeline.time[point] ?? null);
    // The memory outside malloc is known at its most: when that alone exceeds the limit is unknown, and what was measured shows
    // only that it was exceeded before.
    const isUnknown = baseRssBytes > limitBytes || modelledBytes <= limitBytes;
    return { name, peakBytes, fits, killedTime: isUnknown ? null : time };
  });
  return { limitBytes, baseRssBytes, ...(isMeasured ? { measuredBytes } : {}), scenarios };
}

/** Whether the process fits, and which settings would make it fit. */
export function containerSentences(container: Container, all: readonly Scenario[]): Sentence[] {
  const { limitBytes, baseRssBytes, measuredBytes, scenarios } = container;
  const [inContainer, ...whatIfs] = scenarios;
  const [recorded] = all;
  if (inContainer === undefined || recorded === undefined) {
    return [];
  }
  const unit = byteUnit([inContainer.peakBytes, limitBytes ?? 0]);
  const parts =
    baseRssBytes === 0
      ? "malloc's memory only, see --base-rss"
      : `${size(baseRssBytes, unit)} of it outside malloc`;
  const modelled = `${size(baseRssBytes + recorded.rss.peakBytes, unit)} at its peak (${parts})`;
  const needs = measuredBytes === undefined ? modelled : size(measuredBytes, unit);
  const measured =
    measuredBytes === undefined ? "" : `; so much was measured, while the model has ${modelled}`;
  if (limitBytes === null) {
    return [plain(`The process needs ${needs}${measured}.`)];
  }
  const under = (fate: Fate): string =>
    servingSettings(recorded, all.slice(1))
      .filter((scenario) => fateOf(scenario, recorded, limitBytes, container) === fate)
      .map(({ name, rss }) => `${name} (${size(baseRssBytes + rss.peakBytes, unit)})`)
      .join(" or ");
  const fitting = under("fits");
  const limit = `the container's limit of ${size(limitBytes, unit)}`;
  if (fateOf(recorded, recorded, limitBytes, container) === "may not fit") {
    const { leastBytes, mostBytes } = needsOf(recorded, recorded, container);
    const range = `${size(leastBytes, unit)} to ${size(mostBytes, unit)}`;
    const mayNot: Sentence = {
      tone: "bad",
      text: `The process may not fit ${limit}: it needs ${range} at its peak (${parts}).`,
    };
    return fitting === "" ? [mayNot] : [mayNot, wouldFit(fitting)];
  }
  if (inContainer.fits) {
    return [{ tone: "good", text: `The process fits ${limit}: it needs ${needs}${measured}.` }];
  }
  const killed: Sentence = {
    tone: "bad",
    text: `The process is OOM-killed${after(inContainer.killedTime)}: it needs ${needs}, more than ${limit}${measured}.`,
  };
  if (whatIfs.length === 0) {
    return [killed];
  }
  const uncertain = under("may not fit");
  if (fitting === "") {
    const text =
      uncertain === ""
        ? "No setting tried makes it fit."
        : `It may fit with ${uncertain}: the limit lies within the range.`;
    return [killed, plain(text)];
  }
  return [killed, wouldFit(fitting)];
}

function wouldFit(settings: string): Sentence {
  return { tone: "good", text: `It would fit with ${settings}.` };
}

const TRIM_AT_END = /,malloc_trim=end$/;

/** The scenarios under which no call fails; without a trim at the end, which comes after the peak, if that was tried, too. */
function servingSettings(recorded: Scenario, tried: readonly Scenario[]): Scenario[] {
  const names = new Set(tried.map(({ name }) => name));
  return tried.filter((scenario) => {
    const untrimmed = scenario.name.replace(TRIM_AT_END, "");
    const addsTrim = untrimmed !== scenario.name && names.has(untrimmed);
    return servesAllCalls(scenario, recorded) && !addsTrim;
  });
}
