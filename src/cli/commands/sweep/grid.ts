import type { GridAxis } from "../../../report/contract/sweep.ts";
import type { Parsed } from "../../../report/wording/parsed.ts";
import { parseScenario } from "../../options/parse-settings.ts";
import { RECORDED } from "./axis.ts";

/** More would need too much time and memory: each combination is a replay of the log, and all run at once. */
const MOST_COMBINATIONS = 64;

/**
 * The combinations of the axes' values, as a what-if writes them: the last axis changes fastest. That of recorded values only
 * is left out: it is the recorded run. `glibc`: the value of --glibc.
 */
export function combinations(axes: readonly GridAxis[], glibc: string): Parsed<string[]> {
  const number = axes.reduce((product, { values }) => product * values.length, 1);
  if (number > MOST_COMBINATIONS) {
    const factors = axes.map(({ values }) => values.length).join(" × ");
    const product = axes.length === 1 ? "" : `${factors} = `;
    return {
      error: `${product}${number} combinations, more than ${MOST_COMBINATIONS}; give fewer values`,
    };
  }
  const all = axes.reduce<string[][]>(
    (before, { name, values }) =>
      before.flatMap((settings) =>
        values.map((value) => (value === RECORDED ? settings : [...settings, `${name}=${value}`])),
      ),
    [[]],
  );
  const names = all.filter((settings) => settings.length > 0).map((settings) => settings.join(","));
  for (const name of names) {
    const parsed = parseScenario(name, glibc);
    if ("error" in parsed) {
      return parsed;
    }
  }
  return names.length === 0
    ? { error: "nothing but the recorded run; give other values" }
    : { ok: names };
}
