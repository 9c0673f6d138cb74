import type { Cure, CureFigures, MeasuredCure, Report } from "../../report/contract/report.ts";
import { systemCallsOf } from "../../report/system-calls-of.ts";
import { whatToType } from "../../report/what-to-type/what-to-type.ts";
import { byteUnit, change, count, size } from "../../report/wording/format.ts";
import type { PresentedCure } from "../../report/wording/presented.ts";
import { curesOf } from "./cures.ts";
import { disablesCache } from "./price.ts";

/** A longer command of the log would hide the setting before it. */
const LONGEST_COMMAND = 400;

/** The cures in words, each with what one types for it. */
export function presentCures(report: Report): PresentedCure[] {
  const byName = new Map(report.scenarios.map((scenario) => [scenario.name, scenario]));
  return curesOf(report).map((cure) => {
    const scenario = byName.get(cure.name);
    const measured = report.cures?.find(({ name }) => name === cure.name)?.measured;
    return {
      cure,
      sentence: `${sentenceOf(cure)}${measured === undefined ? "" : measuredSentence(measured)}`,
      lines: scenario === undefined ? [] : whatToType(scenario, report, LONGEST_COMMAND),
    };
  });
}

/** "Peak RSS 259.9 MiB (-42.9 %), at the end 244.6 MiB (-40.6 %); 1,200 more system calls, 300 fewer page faults." */
function sentenceOf({ peak, end, price, certain, settings }: Cure): string {
  const costs = [
    ...moreOrFewer(systemCallsOf(price), "system call"),
    ...moreOrFewer(price.pageFaults, "page fault"),
    ...(price.threadsPerArena > 0
      ? [`up to ${count(price.threadsPerArena)} more threads share an arena`]
      : []),
    ...(disablesCache({ settings }, { settings: {} })
      ? ["no thread has a cache: calls take longer"]
      : []),
  ];
  const cost = costs.length === 0 ? "as many system calls and page faults" : costs.join(", ");
  const doubt = certain ? "" : " The ranges of RSS with and without it overlap.";
  return `Peak RSS ${atBoth({ peak, end })}; ${cost}.${doubt}`;
}

function measuredSentence({ peak, end, holds }: MeasuredCure): string {
  const judged = holds ? "" : ", not what is predicted";
  return ` Measured on the real allocator: peak RSS ${atBoth({ peak, end })}${judged}.`;
}

/** "259.9 MiB (-42.9 %), at the end 244.6 MiB (-40.6 %)" */
function atBoth({ peak, end }: Pick<Cure, "peak" | "end">): string {
  const unit = byteUnit([peak.bytes, end.bytes]);
  const at = ({ bytes, change: by }: CureFigures): string => {
    const relative = change(bytes - by, bytes);
    return `${size(bytes, unit)}${relative === null ? "" : ` (${relative})`}`;
  };
  return `${at(peak)}, at the end ${at(end)}`;
}

function moreOrFewer(more: number, what: string): string[] {
  if (more === 0) {
    return [];
  }
  const number = Math.abs(more);
  const noun = number === 1 ? what : `${what}s`;
  return [`${count(number)} ${more > 0 ? "more" : "fewer"} ${noun}`];
}
