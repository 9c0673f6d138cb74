import type { TouchFit } from "../report/report.ts";
import type { Analysis } from "./analysis.ts";
import { fitPart, type Observation } from "./fit.ts";
import { AsGiven, ByFacts, Fitted, pagesAtRatio, pagesAtShare, type Reading } from "./reading.ts";

/** How the figures of an analysis are to be read, and what the report says of it. */
export interface TouchReading {
  readonly name: string;
  readonly reading: Reading;
  readonly fit: TouchFit | null;
}

/** To be called at the log's end, before anything is trimmed. */
export function touchReading(analysis: Analysis): TouchReading {
  const { touch } = analysis.options;
  if (touch === "all" || touch === "none")
    return { name: touch, reading: new AsGiven(), fit: null };
  if (touch !== "facts" && "ratio" in touch)
    return { name: String(touch.ratio), reading: new AsGiven(), fit: null };
  const observations = touch === "facts" ? [] : observed(analysis, touch.fitted);
  const fit = fitPart(observations, pagesAtRatio);
  if (fit === null || touch === "facts")
    return { name: "facts", reading: new ByFacts(), fit: null };
  const share = fitPart(observations, pagesAtShare)?.part ?? 1;
  const source = touch.fitted === null ? "rss samples" : "--observed-rss";
  const { part: ratio, outside, error } = fit;
  return {
    name: "fitted",
    reading: new Fitted(ratio, share),
    fit: { ratio, source, outside, error },
  };
}

/** What was measured: the size given, else the samples in the log. */
function observed({ recorded, measured }: Analysis, givenBytes: number | null): Observation[] {
  if (recorded === null) return [];
  const { run } = recorded.recorded;
  if (givenBytes !== null) {
    return [{ bytes: givenBytes, pages: run.model.resident.pages.slice() }];
  }
  return measured.flatMap(({ bytes }, i) => {
    const pages = run.probes[i];
    return pages === undefined ? [] : [{ bytes, pages }];
  });
}
