import { profileOf } from "../ptmalloc/profile.ts";
import { startOf } from "../replay/pointers/address-map.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { Provenance } from "../report/contract/report.ts";
import type { LogFacts, ThpMode } from "../trace/stated/log-facts.ts";
import { type AddressLayout, NO_LAYOUT, pageOf } from "./address-layout.ts";
import { statedSettings, TUNABLES } from "./stated-settings.ts";

/** What the user states of the recorded process. */
export interface RecordedOptions {
  /** environment variables and tunables; null: what the log states, else none */
  readonly recordedWith: Readonly<Record<string, string>> | null;
  /** "auto": what the log states, else detected */
  readonly glibc: string;
  /** null: what the log states, else detected or the host's */
  readonly cpus: number | null;
  /** null: what the log states, else madvise */
  readonly thp: ThpMode | null;
}

/**
 * The versions to try when neither the user nor the log states one, by how many machines run them: explanations are
 * searched for the first few of those that match equally long. Tags that distributions do not ship come last.
 */
const BY_USE = [
  "2.36",
  "2.31",
  "2.39",
  "2.27",
  "2.28",
  "2.41",
  "2.17",
  "2.23",
  "2.42-stable",
  "2.43",
  "2.44",
  "2.26",
  "2.25",
  "2.22",
  "2.19",
  "2.42",
  "2.38-tag",
  "2.37-tag",
];

/**
 * Returns the processes that may have written the log, likeliest first: for each page size that `layout`, the log's
 * pointers, leaves possible, one if the user or the log states the glibc, else one per version. What the user states
 * overrules the log, and both overrule the defaults.
 */
export function recordedProcesses(
  options: RecordedOptions,
  facts: LogFacts,
  layout = NO_LAYOUT,
): RecordedProcess[] {
  const given = options.glibc === "auto" ? null : options.glibc;
  const fromLog = facts.glibc !== null && profileOf(facts.glibc) !== null ? facts.glibc : null;
  const glibc = given ?? fromLog;
  const pageSizes = facts.pageBytes === null ? layout.pageSizes : [facts.pageBytes];
  return pageSizes.flatMap((pageBytes) => {
    const place = { ...layout, pageBytes };
    if (glibc === null) {
      return BY_USE.map((name) => recordedProcess(name, "detected", options, facts, place));
    }
    return [recordedProcess(glibc, given === null ? "log" : "given", options, facts, place)];
  });
}

function recordedProcess(
  glibc: string,
  glibcSource: Provenance,
  options: RecordedOptions,
  facts: LogFacts,
  { arch, breakBase, pageBytes }: Omit<AddressLayout, "pageSizes"> & { readonly pageBytes: number },
): RecordedProcess {
  const profile = profileOf(glibc);
  if (profile === null) {
    throw new RangeError(`glibc ${glibc} is not modelled`);
  }
  return {
    glibc,
    glibcSource,
    profile,
    cpus: options.cpus ?? facts.cpus,
    settings: options.recordedWith ?? statedSettings(facts, profile),
    tunables: options.recordedWith === null ? (facts.settings[TUNABLES] ?? null) : null,
    settingsSource: settingsSource(options, facts),
    shown: [],
    arch: facts.arch ?? arch,
    pageBytes,
    thp: options.thp ?? facts.thp ?? "madvise",
    breakStart: startOf(Number.isNaN(facts.heapStart) ? breakBase : pageOf(facts.heapStart)),
  };
}

function settingsSource(options: RecordedOptions, facts: LogFacts): Provenance {
  if (options.recordedWith !== null) {
    return "given";
  }
  const { settings, tunablesConf } = facts;
  return Object.keys(settings).length + tunablesConf.length > 0 ? "log" : "default";
}
