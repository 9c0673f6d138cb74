import type { DumpsSummary } from "../../report/contract/report.ts";
import { duration, plural } from "../../report/wording/format.ts";

/** What thread dumps and listings were read, and how their times are known. `threads`: of the log. */
export function dumpsItem({ dumps, matchedThreads, clock }: DumpsSummary, threads: number): string {
  const taken = dumps.filter(({ kind }) => kind === "dump");
  const listings = dumps.length - taken.length;
  const read = [
    ...(taken.length === 0 ? [] : [plural(taken.length, "thread dump")]),
    ...(listings === 0 ? [] : [plural(listings, "listing")]),
  ].join(" and ");
  const of = `${read}: of ${matchedThreads} of the log's ${plural(threads, "thread")}`;
  if (taken.length === 0 || matchedThreads === 0) {
    return of;
  }
  const times = taken.flatMap(({ time }) => (time === null ? [] : [time]));
  if (clock === null) {
    return taken.length === 1
      ? `${of}; when it was taken is not known, so that its frames count in any case`
      : `${of}; when they were taken is not known, so that frames are counted in all of them`;
  }
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const span = first === last ? moment(first) : `${moment(first)} to ${moment(last)}`;
  const shownBy = { ages: "the ages of their threads show", dates: "their dates show" }[clock];
  const unknown = taken.length - times.length;
  const rest =
    unknown === 0
      ? ""
      : `; when ${plural(unknown, "dump")} more ${unknown === 1 ? "was" : "were"} taken is not known`;
  return `${of}; taken at ${span} of the log, as ${shownBy}${rest}`;
}

/** Dumps may be from before the log's first line. */
function moment(time: number): string {
  return time < 0 ? `-${duration(-time)}` : duration(time);
}
