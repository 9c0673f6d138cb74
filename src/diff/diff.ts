import type { BudgetResult } from "../report/contract/report.ts";
import type { KnownReport, KnownScenario } from "../report/read-report.ts";
import { type CallerChanges, callerChanges } from "./caller-changes.ts";
import { type CauseChange, causeChanges } from "./cause-changes.ts";
import { type Change, changeOf, compareTexts, larger } from "./change.ts";
import { type ThreadChanges, threadChanges } from "./thread-changes.ts";

export const DIFF_SCHEMA = "mallog.diff/1";

/** What changed between two reports. Sizes are bytes, ratios 0..1; keys are only added. */
export interface Diff {
  readonly schema: typeof DIFF_SCHEMA;
  readonly tool: { readonly name: "mallog"; readonly version: string };
  /** file names as typed */
  readonly base: string;
  readonly head: string;
  /** files of further runs of the base (--runs): what differs between them and the base is noise */
  readonly runs: readonly string[];
  /** sentences: why the reports are less comparable than they look */
  readonly remarks: readonly string[];
  /** most important first; keys are the short names of budgets, and "threads" */
  readonly totals: readonly TotalChange[];
  /** the recorded run, then the what-ifs by change of RSS, largest first */
  readonly scenarios: readonly ScenarioChange[];
  /** why memory of the recorded run is resident, largest change at the end first; empty if a report does not say */
  readonly causes: readonly CauseChange[];
  /** arenas of the recorded run at its end, largest change of RSS first */
  readonly arenas: readonly ArenaChange[];
  readonly threads: ThreadChanges;
  readonly callers: CallerChanges;
  readonly budgets: readonly BudgetResult[];
}

export interface TotalChange extends Change {
  readonly key: string;
  readonly unit: BudgetResult["unit"];
}

export interface ScenarioChange {
  readonly name: string;
  readonly endRssBytes: Change;
  readonly peakRssBytes: Change;
}

export interface ArenaChange {
  readonly id: number;
  readonly rssBytes: Change;
  readonly inUseBytes: Change;
  readonly freeBytes: Change;
}

export interface Side {
  readonly file: string;
  readonly report: KnownReport;
}

/** Compares two reports; `budgets` stays empty, for the caller to fill. `runs`: further runs of the base. */
export function diffOf(
  { file: base, report: a }: Side,
  head: Side,
  version: string,
  runs: readonly Side[] = [],
): Diff {
  const b = head.report;
  const others = runs.map(({ report }) => report);
  return {
    schema: DIFF_SCHEMA,
    tool: { name: "mallog", version },
    base,
    head: head.file,
    runs: runs.map(({ file }) => file),
    remarks: [
      ...[{ file: base, report: a }, ...runs, head].flatMap(interrupted),
      ...modelDifferences(a, b),
      ...runs.flatMap((run) =>
        modelDifferences(a, run.report).map((text) => `${run.file}: ${text}`),
      ),
    ],
    totals: totalsOf(a, b, others),
    scenarios: scenarioChanges(a, b, others),
    causes: causeChanges(a, b, others),
    arenas: arenaChanges(a.scenarios[0], b.scenarios[0]),
    threads: threadChanges(a, b, others),
    callers: callerChanges(a, b, others),
    budgets: [],
  };
}

function totalsOf(a: KnownReport, b: KnownReport, runs: readonly KnownReport[]): TotalChange[] {
  const total = (
    key: string,
    unit: BudgetResult["unit"],
    of: (report: KnownReport) => number | undefined,
  ): TotalChange => {
    const [base, head] = [of(a) ?? null, of(b) ?? null];
    // A run without the figure, as one without a model, has no part in the spread.
    const others = base === null || head === null ? [] : runs.flatMap((run) => of(run) ?? []);
    return { key, unit, ...changeOf(base, head, others) };
  };
  const recorded = (of: (scenario: KnownScenario) => number) => (report: KnownReport) =>
    report.scenarios[0] && of(report.scenarios[0]);
  const summed =
    (of: (thread: KnownReport["threads"][number]) => number) => (report: KnownReport) =>
      report.threads.reduce((sum, thread) => sum + of(thread), 0);
  return [
    total(
      "rss",
      "bytes",
      recorded(({ rss }) => rss.endBytes),
    ),
    total(
      "peak-rss",
      "bytes",
      recorded(({ rss }) => rss.peakBytes),
    ),
    total("live", "bytes", ({ live }) => live.bytes),
    total("peak-live", "bytes", ({ live }) => live.peakBytes),
    total(
      "fragmentation",
      "ratio",
      recorded(({ fragmentation }) => fragmentation.external),
    ),
    total("leaked-blocks", "count", ({ live }) => live.blocks),
    total(
      "arenas",
      "count",
      recorded(({ arenaCount }) => arenaCount),
    ),
    total("threads", "count", ({ threads }) => threads.length),
    total(
      "volume",
      "bytes",
      summed(({ volumeBytes }) => volumeBytes),
    ),
    total(
      "calls",
      "count",
      summed(({ calls }) => calls.total),
    ),
  ];
}

function scenarioChanges(
  a: KnownReport,
  b: KnownReport,
  runs: readonly KnownReport[],
): ScenarioChange[] {
  const byName = ({ scenarios }: KnownReport): Map<string, KnownScenario> =>
    new Map(scenarios.map((scenario) => [scenario.name, scenario]));
  const [before, after] = [byName(a), byName(b)];
  const names = [...new Set([...after.keys(), ...before.keys()])];
  const [recorded, ...whatIfs] = names.map((name) => {
    const [base, head] = [before.get(name), after.get(name)];
    const others =
      base === undefined || head === undefined
        ? []
        : runs.flatMap((run) => byName(run).get(name) ?? []);
    const rss = (of: (scenario: KnownScenario) => number): Change =>
      changeOf(base ? of(base) : null, head ? of(head) : null, others.map(of));
    return {
      name,
      endRssBytes: rss((scenario) => scenario.rss.endBytes),
      peakRssBytes: rss((scenario) => scenario.rss.peakBytes),
    };
  });
  if (recorded === undefined) {
    return [];
  }
  const isInBoth = ({ endRssBytes: { base, head } }: ScenarioChange): boolean =>
    base !== null && head !== null;
  const sorted = whatIfs.sort(
    (x, y) =>
      Number(isInBoth(y)) - Number(isInBoth(x)) ||
      larger(x.endRssBytes, y.endRssBytes) ||
      larger(x.peakRssBytes, y.peakRssBytes),
  );
  return [recorded, ...sorted];
}

function arenaChanges(a: KnownScenario | undefined, b: KnownScenario | undefined): ArenaChange[] {
  if (a === undefined || b === undefined) {
    return [];
  }
  const before = new Map(a.arenas.map((arena) => [arena.id, arena]));
  const after = new Map(b.arenas.map((arena) => [arena.id, arena]));
  const ids = [...new Set([...after.keys(), ...before.keys()])];
  return ids
    .map((id) => {
      const [base, head] = [before.get(id), after.get(id)];
      return {
        id,
        rssBytes: changeOf(base?.rssBytes ?? null, head?.rssBytes ?? null),
        inUseBytes: changeOf(base?.inUseBytes ?? null, head?.inUseBytes ?? null),
        freeBytes: changeOf(base?.freeBytes ?? null, head?.freeBytes ?? null),
      };
    })
    .sort((x, y) => larger(x.rssBytes, y.rssBytes) || x.id - y.id);
}

function interrupted({ file, report }: Side): string[] {
  return report.complete
    ? []
    : [`${file} comes from an interrupted run: its figures cover a part of the log.`];
}

/** A sentence if the reports differ in the model, which alone changes their figures. */
export function modelDifferences({ model: a }: KnownReport, { model: b }: KnownReport): string[] {
  if (a === null && b === null) {
    return [];
  }
  if (a === null || b === null) {
    return ["One of the reports was made with --no-model."];
  }
  const changed = (option: string, base: string | number, head: string | number): string[] =>
    base === head ? [] : [`${option}: ${base} before, ${head} now`];
  const settings = (model: NonNullable<KnownReport["model"]>): string => {
    const pairs = Object.entries(model.settings).map(([name, value]) => `${name}=${value}`);
    return pairs.sort(compareTexts).join(",") || "none";
  };
  const all = [
    ...changed("glibc", a.glibc, b.glibc),
    ...changed("CPUs", a.cpus, b.cpus),
    ...changed("settings", settings(a), settings(b)),
    ...changed("--touch", a.touch, b.touch),
    ...changed("transparent huge pages", a.thp, b.thp),
  ];
  return all.length === 0 ? [] : [`Modelled differently: ${all.join("; ")}.`];
}
