import type { ProcessFigures, ProcessSummary, Report } from "../report/contract/report.ts";
import { count, share, size } from "../report/wording/format.ts";
import type { Sentence } from "../report/wording/presented.ts";
import { plain } from "./sentences.ts";

/** Which process of several the report is of. Empty for a log of one. */
export function processSentences({ processes = [] }: Pick<Report, "processes">): Sentence[] {
  const reported = processes.find(({ isReported }) => isReported);
  if (reported === undefined) {
    return [];
  }
  const volume = processes.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0);
  const part = `${share(reported.volumeBytes, volume)} of all requested bytes`;
  const first = `The log has ${count(processes.length)} processes`;
  const sentences = [plain(`${first}; this is process ${reported.name}, with ${part}.`)];
  const [most] = processes.filter(({ origin }) => origin !== "others");
  if (most !== undefined && most.volumeBytes > reported.volumeBytes) {
    const more = `Process ${most.name} requested more, ${share(most.volumeBytes, volume)}`;
    sentences.push(plain(`${more}; --process ${most.name} reports it.`));
  }
  return sentences;
}

/** The sums over all processes; null if not all of them were modelled. */
export function processTotals({ processes = [] }: Pick<Report, "processes">): string | null {
  const figures = processes.map((one) => one.figures).filter((one) => one !== null);
  if (processes.length === 0 || figures.length < processes.length) {
    return null;
  }
  const sum = (of: (one: ProcessFigures) => number | null): number =>
    figures.reduce((total, one) => total + (of(one) ?? 0), 0);
  const volume = processes.reduce((total, one: ProcessSummary) => total + one.volumeBytes, 0);
  const live = size(sum(({ liveBytes }) => liveBytes));
  const all = `All processes: ${size(volume)} requested, ${live} live at their ends`;
  return figures.some(({ rssEndBytes }) => rssEndBytes === null)
    ? `${all}.`
    : `${all}, ${size(sum(({ rssEndBytes }) => rssEndBytes))} of heap RSS.`;
}
