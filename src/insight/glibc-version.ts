import { exact, percent } from "../report/format.ts";
import type { ModelSummary, Provenance } from "../report/report.ts";

/** Which glibc was modelled: why that one, how sure it is, which others would show the same, and the next best. */
export function glibcVersion(model: ModelSummary): string {
  const { glibc, glibcSource, glibcRange, glibcRunnerUp } = model;
  if (glibcSource !== "detected") {
    return `glibc ${glibc} (${SOURCE[glibcSource]})`;
  }
  const others = glibcRange.filter((version) => version !== glibc);
  const also =
    others.length === 0 ? "" : `; ${versionList(others)} would show the same: see --glibc`;
  // Nothing is ruled out where nobody is sure.
  const next =
    glibcRunnerUp === null || isUnsure(model)
      ? ""
      : `; next best ${glibcRunnerUp.glibc}, ruled out when it agreed with ${percent(glibcRunnerUp.ratio)}`;
  return `glibc ${glibc} (${agreement(model)}${also}${next})`;
}

const SOURCE: Readonly<Record<Exclude<Provenance, "detected">, string>> = {
  given: "as given",
  log: "as the log says",
  default: "the default, as the log does not say; see --glibc",
};

/** How sure it is: what its rules explain of the log, and what they do not. */
function agreement(model: ModelSummary): string {
  const { compared, equal, ratio } = model.fidelity;
  if (compared === 0) {
    return "a guess: the log returns no pointer to tell by";
  }
  if (equal === compared) {
    return `found out: its rules give all ${exact(compared)} pointers`;
  }
  if (equal + explained(model) >= compared) {
    return `found out: its rules give all pointers but ${exact(compared - equal)}, which what was found out besides explains`;
  }
  const share = `its rules give ${percent(ratio)} of the pointers`;
  return isUnsure(model) ? `unsure: ${share}, and those of no version more` : `found out: ${share}`;
}

function isUnsure(model: ModelSummary): boolean {
  const { compared, equal, ratio } = model.fidelity;
  return compared === 0 || (equal + explained(model) < compared && ratio < UNSURE_RATIO);
}

/** Pointers that the version's rules do not give alone, but with what was found out besides. */
function explained({ inferred }: ModelSummary): number {
  const { threadExits, lastExits, swaps, settingPointers, arenaChoices, cutSizes, foreignSbrks } =
    inferred;
  const exits = threadExits - lastExits;
  return exits + swaps + settingPointers + arenaChoices + cutSizes + foreignSbrks;
}

/** Where more goes wrong than this, chance may have decided which version is the best. */
const UNSURE_RATIO = 0.9;

/** Versions in ascending order, those that follow one another as a range: "2.30 to 2.40, 2.37-tag". */
export function versionList(versions: readonly string[]): string {
  const minors = versions.flatMap((version) => {
    const minor = /^2\.(\d+)$/.exec(version)?.[1];
    return minor === undefined ? [] : [Number(minor)];
  });
  const ranges: { from: number; to: number }[] = [];
  for (const minor of minors.sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && minor === last.to + 1) {
      last.to = minor;
    } else {
      ranges.push({ from: minor, to: minor });
    }
  }
  const plain = ranges.flatMap(({ from, to }) => {
    if (to - from >= 2) {
      return [`2.${from} to 2.${to}`];
    }
    return from === to ? [`2.${from}`] : [`2.${from}`, `2.${to}`];
  });
  return [...plain, ...versions.filter((version) => !/^2\.\d+$/.test(version))].join(", ");
}
