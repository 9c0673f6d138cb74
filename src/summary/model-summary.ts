import type { LogResult, ModelResult } from "../pipeline/analysis-result.ts";
import { PROFILES } from "../ptmalloc/profile.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { ModelSummary } from "../report/contract/report.ts";

/** Returns what the report says of the model; null without one. */
export function modelSummary({ model }: LogResult): ModelSummary | null {
  if (model === null) {
    return null;
  }
  const { origin } = model;
  return {
    glibc: origin.glibc,
    glibcSource: origin.glibcSource,
    glibcRange: versionsOf(model.indistinguishable),
    glibcRunnerUp: model.runnerUp,
    cpus: model.cpus,
    cpusSource: model.cpusSource,
    ...settingsSummary(model),
    touch: model.touchName,
    fit: model.touchFit,
    ...(model.lowestRatio === null ? {} : { lowestRatio: model.lowestRatio }),
    holes: model.holes,
    thp: origin.thp,
    pageBytes: origin.pageBytes,
    thpUnitBytes: model.thpUnitBytes,
    fidelity: model.fidelity,
    inferred: model.inferred,
    ...baselineSummary(model),
    assumedWritten: model.assumedWritten,
  };
}

function baselineSummary({ baseline }: ModelResult): Pick<ModelSummary, "baseline"> {
  return baseline === null
    ? {}
    : { baseline: { rssEndBytes: baseline.endBytes, rssPeakBytes: baseline.peakBytes } };
}

/** Returns the releases that the processes may have run. A detected profile stands for those with the same addresses, too. */
function versionsOf(processes: readonly RecordedProcess[]): string[] {
  const isOf = (name: string, sameAddressesAs: string | null) =>
    processes.some(
      ({ glibcSource, profile }) =>
        profile.name === name || (glibcSource === "detected" && profile.name === sameAddressesAs),
    );
  return PROFILES.filter(({ name, sameAddressesAs }) => isOf(name, sameAddressesAs)).flatMap(
    ({ versions }) => versions,
  );
}

function settingsSummary({
  origin,
  settings,
  shownSettings: shown,
}: ModelResult): Pick<
  ModelSummary,
  "settings" | "settingsSource" | "settingsRange" | "settingsOrElse"
> {
  const source = Object.keys(settings).map((name) => {
    const isShown = shown.some((one) => one.name === name);
    return [name, isShown ? "detected" : origin.settingsSource] as const;
  });
  const range = shown
    .filter(({ above, upTo }) => upTo !== above + 1)
    .map(({ name, above, upTo }) => {
      const to = Number.isFinite(upTo) ? upTo : null;
      return [name, { from: above + 1, to }] as const;
    });
  return {
    settings,
    settingsSource: Object.fromEntries(source),
    settingsRange: Object.fromEntries(range),
    settingsOrElse: Object.fromEntries(
      shown.filter(({ others }) => others.length > 0).map(({ name, others }) => [name, others]),
    ),
  };
}
