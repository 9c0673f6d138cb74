import { byteUnit, size } from "../report/format.ts";
import type { Sentence } from "../report/presented.ts";
import type { Container, Report, Scenario } from "../report/report.ts";
import { after, plain } from "./sentences.ts";
import { servesAllCalls } from "./served-calls.ts";

/**
 * Holds every scenario against a cgroup's limit. The moment of the kill is read off the timeline, whose points keep the
 * maximum of their stretch: it is exact to one point.
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
    const killedTime = point < 0 ? rss.peakTime : (report.timeline.time[point] ?? null);
    return { name, peakBytes, fits, killedTime };
  });
  return { limitBytes, baseRssBytes, scenarios };
}

export function containerSentences(
  { limitBytes, baseRssBytes, scenarios }: Container,
  all: readonly Scenario[],
): Sentence[] {
  const [recorded, ...whatIfs] = scenarios;
  const [asRecorded] = all;
  if (recorded === undefined || asRecorded === undefined) {
    return [];
  }
  const unit = byteUnit([recorded.peakBytes, limitBytes ?? 0]);
  const parts =
    baseRssBytes === 0
      ? "malloc's part alone, see --base-rss"
      : `${size(baseRssBytes, unit)} of it outside malloc`;
  const needs = `${size(recorded.peakBytes, unit)} at its peak (${parts})`;
  if (limitBytes === null) {
    return [plain(`The process needs ${needs}.`)];
  }
  const limit = `the container's limit of ${size(limitBytes, unit)}`;
  if (recorded.fits) {
    return [{ tone: "good", text: `It fits ${limit}: it needs ${needs}.` }];
  }
  const killed: Sentence = {
    tone: "bad",
    text: `It is OOM-killed${after(recorded.killedTime)}: it needs ${needs}, more than ${limit}.`,
  };
  if (whatIfs.length === 0) {
    return [killed];
  }
  const serving = new Set(
    all.filter((scenario) => servesAllCalls(scenario, asRecorded)).map(({ name }) => name),
  );
  const fitting = whatIfs.filter(({ name, fits }) => fits && serving.has(name));
  if (fitting.length === 0) {
    return [killed, plain("With none of the settings tried does it fit.")];
  }
  const names = fitting.map(({ name, peakBytes }) => `${name} (${size(peakBytes, unit)})`);
  return [killed, { tone: "good", text: `It would fit with ${names.join(" or ")}.` }];
}
