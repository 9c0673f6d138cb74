import type { Report } from "../../report/contract/report.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { plain } from "../sentences.ts";

/** glibc's least limit of arenas without a setting, whatever the CPUs (ptmalloc2.md §6.1). */
const LEAST_LIMIT = 8;

/** How the replays may differ from the recorded process in what the log does not show, or the kernel decides anew. */
export function replayLimits(report: Report): Sentence[] {
  return [...arenaLimit(report), ...hugePages(report)];
}

/** What limits the arenas, if the CPUs are not known and the model has so many that their limit might matter. */
function arenaLimit({ model, scenarios }: Report): Sentence[] {
  const arenas = scenarios[0]?.arenaCount ?? 0;
  return model?.cpusSource !== "default" || arenas < LEAST_LIMIT
    ? []
    : [
        plain(
          `The log does not show the CPUs of its machine, which limit the arenas: the replays have at most as many as the model, ${arenas}; --cpus states the CPUs.`,
        ),
      ];
}

function hugePages({ model }: Report): Sentence[] {
  return model === null || (model.thp !== "always" && model.thpUnitBytes === 0)
    ? []
    : [
        plain(
          "The kernel decides which memory has huge pages: RSS with them differs from machine to machine and from run to run, so that an error says little of the model.",
        ),
      ];
}
