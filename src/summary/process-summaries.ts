import type { AnalysisResult, ProcessResult } from "../pipeline/analysis-result.ts";
import type { ProcessFigures, ProcessSummary, Report } from "../report/contract/report.ts";

/** Returns the processes of a log that has several, largest volume first. `reportOf`: the report on one of them. */
export function processSummaries(
  { processes }: AnalysisResult,
  reportOf: (result: NonNullable<ProcessResult["result"]>) => Report,
): Pick<Report, "processes"> {
  if (processes.length < 2) {
    return {};
  }
  const summaries = processes.map(({ result, ...process }): ProcessSummary => {
    return { ...process, figures: result === null ? null : figuresOf(reportOf(result)) };
  });
  return { processes: summaries.sort((a, b) => b.volumeBytes - a.volumeBytes) };
}

function figuresOf({ trace, live, scenarios, model, grade }: Report): ProcessFigures {
  const rss = scenarios[0]?.rss;
  return {
    threads: trace.threads,
    liveBytes: live.bytes,
    peakLiveBytes: live.peakBytes,
    rssEndBytes: rss?.endBytes ?? null,
    rssPeakBytes: rss?.peakBytes ?? null,
    fidelityRatio: model?.fidelity.ratio ?? null,
    grade: grade?.level ?? null,
  };
}
