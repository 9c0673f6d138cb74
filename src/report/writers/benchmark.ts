import type { Report, Scenario } from "../contract/report.ts";
import { byteUnit, size } from "../wording/format.ts";
import { printJson } from "./json.ts";
import type { Writer } from "./writer.ts";

/**
 * The `customSmallerIsBetter` format of github-action-benchmark, which draws a chart per name. Sizes are in MiB, because
 * the charts show numbers unchanged; nothing is rounded.
 */
export const writeBenchmark: Writer = ({ report, interruption: extra }) => {
  const results = [...report.scenarios.flatMap(ofScenario), ...ofProgram(report)];
  return printJson(extra === null ? results : results.map((result) => ({ ...result, extra })));
};

interface Result {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** shown after the value, in parentheses */
  readonly range?: string;
}

function ofScenario({ name, rss }: Scenario): Result[] {
  return [
    inMiB(`RSS at the end, ${name}`, rss.endBytes, rss.lowBytes, rss.highBytes),
    inMiB(`RSS at peak, ${name}`, rss.peakBytes, rss.peakLowBytes, rss.peakHighBytes),
  ];
}

/** Figures that depend on the program only, not on the allocator. */
function ofProgram({ live, trace, threads }: Report): Result[] {
  const volume = threads.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0);
  return [
    inMiB("live at the end", live.bytes),
    inMiB("live at peak", live.peakBytes),
    inMiB("volume", volume),
    { name: "events", unit: "events", value: trace.events },
  ];
}

function inMiB(name: string, bytes: number, low = bytes, high = bytes): Result {
  const result = { name, unit: "MiB", value: bytes / 1024 ** 2 };
  if (low === high) {
    return result;
  }
  const unit = byteUnit([low, high]);
  return { ...result, range: `${size(low, unit)} to ${size(high, unit)}` };
}
