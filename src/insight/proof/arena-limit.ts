import type { Sentence } from "../../report/presented.ts";
import type { Report } from "../../report/report.ts";
import { plain } from "../sentences.ts";

/** glibc's least limit of arenas without a setting, whatever the CPUs (ptmalloc2.md §6.1). */
const LEAST_LIMIT = 8;

/** Says what limits the replays' arenas, if the CPUs are not known and the model has so many arenas that they might. */
export function arenaLimit({ model, scenarios }: Report): Sentence[] {
  const arenas = scenarios[0]?.arenaCount ?? 0;
  return model?.cpusSource !== "default" || arenas < LEAST_LIMIT
    ? []
    : [
        plain(
          `The log does not show the CPUs of its machine, which limit the arenas: the replays have at most as many as the model, ${arenas}; --cpus states the CPUs.`,
        ),
      ];
}
