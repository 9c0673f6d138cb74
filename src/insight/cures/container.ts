import { type Fate, fateOf } from "../../report/container-fate.ts";
import { byteUnit, size } from "../../report/format.ts";
import type { Sentence } from "../../report/presented.ts";
import type { Container, Report, Scenario } from "../../report/report.ts";
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
  const scenarios = report.scenarios.map(({ name, rss }) => {
    const peakBytes = baseRssBytes + rss.peakBytes;
    const fits = limitBytes === null ? null : peakBytes <= limitBytes;
    if (limitBytes === null || fits) {
      return { name, peakBytes, fits, killedTime: null };
    }
    const series = report.timeline.perScenario[name] ?? [];
    const point = series.findIndex((bytes) => baseRssBytes + bytes > limitBytes);
    const time = point < 0 ? rss.peakTime : (report.timeline.time[point] ?? null);
    // The memory outside malloc is known at its most: when that alone exceeds the limit is unknown.
    return { name, peakBytes, fits, killedTime: baseRssBytes > limitBytes ? null : time };
  });
  return { limitBytes, baseRssBytes, scenarios };
}

/** Whether the process fits, and which settings would make it fit. */
export function containerSentences(
  { limitBytes, baseRssBytes, scenarios }: Container,
  all: readonly Scenario[],
): Sentence[] {
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
  const needs = `${size(inContainer.peakBytes, unit)} at its peak (${parts})`;
  if (limitBytes === null) {
    return [plain(`The process needs ${needs}.`)];
  }
  const limit = `the container's limit of ${size(limitBytes, unit)}`;
  if (fateOf(recorded, limitBytes, baseRssBytes) === "may not fit") {
    const least = baseRssBytes + recorded.rss.peakLowBytes;
    const most = baseRssBytes + recorded.rss.peakHighBytes;
    const range = `${size(least, unit)} to ${size(most, unit)}`;
    return [
      {
        tone: "bad",
        text: `The process may not fit ${limit}: it needs ${range} at its peak (${parts}).`,
      },
    ];
  }
  if (inContainer.fits) {
    return [{ tone: "good", text: `The process fits ${limit}: it needs ${needs}.` }];
  }
  const killed: Sentence = {
    tone: "bad",
    text: `The process is OOM-killed${after(inContainer.killedTime)}: it needs ${needs}, more than ${limit}.`,
  };
  if (whatIfs.length === 0) {
    return [killed];
  }
  const serving = all.slice(1).filter((scenario) => servesAllCalls(scenario, recorded));
  const under = (fate: Fate): string =>
    serving
      .filter((scenario) => fateOf(scenario, limitBytes, baseRssBytes) === fate)
      .map(({ name, rss }) => `${name} (${size(baseRssBytes + rss.peakBytes, unit)})`)
      .join(" or ");
  const [fitting, uncertain] = [under("fits"), under("may not fit")];
  if (fitting === "") {
    const text =
      uncertain === ""
        ? "No setting tried makes it fit."
        : `It may fit with ${uncertain}: the limit lies within the range.`;
    return [killed, plain(text)];
  }
  return [killed, { tone: "good", text: `It would fit with ${fitting}.` }];
}
