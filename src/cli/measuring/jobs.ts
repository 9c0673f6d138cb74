import { profileOf } from "../../ptmalloc/profile.ts";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import { AS_RECORDED, type Report, type Scenario } from "../../report/contract/report.ts";
import type { Target } from "./target.ts";

/** One replay to measure. */
export interface Job {
  readonly name: string;
  /** as the report names it */
  readonly allocator: string;
  readonly library: string | null;
  readonly loader: string | null;
  /** version of the loader's glibc */
  readonly glibc: string;
  /** what changes in it; null for other allocators */
  readonly spec: ScenarioSpec | null;
}

/** A glibc to measure under: the machine's, if `loader` is null. */
export interface MeasuredGlibc {
  readonly loader: string | null;
  readonly glibc: string;
}

const RECORDED: ScenarioSpec = {
  name: AS_RECORDED,
  settings: {},
  trim: "never",
  glibc: null,
  cpus: null,
};

/**
 * What to measure: the recorded settings, then `chosen` ones, then the other glibcs and allocators among the targets.
 * `versionOf`: of the glibc that a loader loads.
 */
export function jobsFor(
  targets: readonly Target[],
  chosen: readonly ScenarioSpec[],
  { loader, glibc }: MeasuredGlibc,
  versionOf: (loader: string) => string,
): Job[] {
  const ofGlibc = { allocator: "glibc", library: null };
  const own = [RECORDED, ...chosen].map((spec) => ({
    ...ofGlibc,
    name: spec.name,
    loader,
    glibc,
    spec,
  }));
  const others = targets.flatMap((target): Job[] => {
    if (target.kind === "allocator") {
      const { name, library } = target;
      return [{ name, allocator: name, library, loader, glibc, spec: null }];
    }
    if (target.loader === null) {
      return [];
    }
    const version = versionOf(target.loader);
    const { spec } = target;
    const name = [`glibc=${version}`, ...(spec.name === AS_RECORDED ? [] : [spec.name])].join(",");
    return [{ ...ofGlibc, name, loader: target.loader, glibc: version, spec }];
  });
  return [...own, ...others];
}

/** Returns the scenarios that predict jobs under other versions than that of the log. None is a trial: its prediction is needed. */
export function otherVersions(jobs: readonly Job[], recorded: string): ScenarioSpec[] {
  return jobs.flatMap(({ spec, glibc }) => {
    if (spec === null || glibc === recorded || profileOf(glibc) === null) {
      return [];
    }
    const { trial: _, ...asked } = spec;
    return [{ ...asked, name: nameIn(spec, glibc), glibc }];
  });
}

/** Returns the scenario of the reports that predicts a job; null: none does. */
export function predictionOf(
  { spec, glibc }: Job,
  report: Report,
  ofOthers: Report | null,
): Scenario | null {
  if (spec === null) {
    return null;
  }
  const isOther = glibc !== report.model?.glibc;
  const name = isOther ? nameIn(spec, glibc) : spec.name;
  const scenarios = (isOther ? ofOthers : report)?.scenarios ?? [];
  return scenarios.find((one) => one.name === name) ?? null;
}

function nameIn({ name }: ScenarioSpec, glibc: string): string {
  return `${name === AS_RECORDED ? "" : `${name},`}glibc=${glibc}`;
}
