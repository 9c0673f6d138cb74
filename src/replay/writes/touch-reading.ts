import type { Analysis } from "../../pipeline/analysis.ts";
import type { TouchFit } from "../../report/report.ts";
import { fitPart, type Observation, relativeError } from "./fit.ts";
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
  if (touch === "facts") {
    return { name: touch, reading: new ByFacts(), fit: null };
  }
  if (typeof touch === "string") {
    return { name: touch, reading: new AsGiven(), fit: null };
  }
  if ("ratio" in touch) {
    return { name: String(touch.ratio), reading: new AsGiven(), fit: null };
  }
  const observations = observed(analysis, touch.fitted);
  const source = touch.fitted === null ? "rss samples" : "--observed-rss";
  const found = fitPart(observations, pagesAtRatio);
  if (found === null) {
    const reading = new ByFacts();
    const fit = observations.length === 0 ? null : unfitted(observations, reading, source);
    return { name: "facts", reading, fit };
  }
  const { part: ratio, outside, error } = found;
  const share = fitPart(observations, pagesAtShare)?.part ?? 1;
  const fit = { ratio, source, outside, error } as const;
  return { name: "fitted", reading: new Fitted(ratio, share), fit };
}

/** No block is large enough for a ratio to make a difference. */
function unfitted(
  observations: readonly Observation[],
  reading: Reading,
  source: TouchFit["source"],
): TouchFit {
  const modelled = observations.map(({ bytes, pages }) => ({
    bytes,
    modelledBytes: reading.bytes(pages),
  }));
  return { ratio: null, source, outside: null, error: relativeError(modelled) };
}

/** What was measured: the size given, else the samples in the log. */
function observed({ recorded, measured }: Analysis, givenBytes: number | null): Observation[] {
  if (recorded === null) {
    return [];
  }
  const { run } = recorded.recorded;
  if (givenBytes !== null) {
    return [{ bytes: givenBytes, pages: run.model.resident.pages.slice() }];
  }
  return measured.flatMap(({ bytes }, i) => {
    const pages = run.probes[i];
    return pages === undefined ? [] : [{ bytes, pages }];
  });
}
