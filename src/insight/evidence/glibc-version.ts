import type { ModelSummary, Provenance } from "../../report/contract/report.ts";
import { exact, share } from "../../report/wording/format.ts";

/** The modelled glibc, where it is known from, how sure it is, and which other versions fit. */
export function glibcVersion(model: ModelSummary): string {
  const { glibc, glibcSource, glibcRange, glibcRunnerUp } = model;
  if (glibcSource !== "detected") {
    return `glibc ${glibc} (${SOURCE[glibcSource]})`;
  }
  const others = glibcRange.filter((version) => version !== glibc);
  const also = others.length === 0 ? "" : `; ${versionList(others)} fit as well, see --glibc`;
  // An uncertain result rules nothing out.
  const next =
    glibcRunnerUp === null || isUncertain(model)
      ? ""
      : `; next best ${glibcRunnerUp.glibc} ruled out`;
  return `glibc ${glibc} (${agreement(model)}${also}${next})`;
}

const SOURCE: Readonly<Record<Exclude<Provenance, "detected">, string>> = {
  given: "given",
  log: "from the log",
  default: "default, not in the log; see --glibc",
};

/** How many of the log's pointers the version explains. */
function agreement(model: ModelSummary): string {
  const { compared, equal } = model.fidelity;
  if (compared === 0) {
    return "a guess: the log holds no pointers to compare";
  }
  if (equal === compared) {
    return `detected: its rules reproduce ${compared === 1 ? "the log's only pointer" : `all ${exact(compared)} pointers`}`;
  }
  if (equal + explained(model) >= compared) {
    return `detected: its rules reproduce all but ${exact(compared - equal)} pointer${compared - equal === 1 ? "" : "s"}, which the inferences below explain`;
  }
  const rules = `its rules reproduce ${share(equal, compared)} of the pointers`;
  return isUncertain(model)
    ? `uncertain: ${rules}, no other version reproduces more`
    : `detected: ${rules}`;
}

function isUncertain(model: ModelSummary): boolean {
  const { compared, equal, ratio } = model.fidelity;
  return compared === 0 || (equal + explained(model) < compared && ratio < UNCERTAIN_RATIO);
}

/** Mismatches that inferences other than the version explain. */
function explained({ inferred }: ModelSummary): number {
  const { threadExits, lastExits, swaps, settingPointers, arenaChoices, cutSizes, foreignSbrks } =
    inferred;
  // Last exits come after the last pointer that could show them: they explain none.
  const exits = threadExits - lastExits;
  return exits + swaps + settingPointers + arenaChoices + cutSizes + foreignSbrks;
}

/** Below this share of reproduced pointers, chance may have decided which version is the best. */
const UNCERTAIN_RATIO = 0.9;

/** Versions in ascending order, three or more successive ones as a range: "2.30 to 2.40, 2.37-tag". */
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
