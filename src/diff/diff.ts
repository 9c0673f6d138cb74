import type { KnownReport, KnownScenario } from "../report/read-report.ts";
import type { BudgetResult } from "../report/report.ts";
import { type MatchedBy, type MatchedThread, matchThreads } from "./match-threads.ts";

const DIFF_SCHEMA = "mallog.diff/1";

/** What changed between two reports. Sizes are bytes, ratios 0..1; keys are only added. */
export interface Diff {
  readonly schema: typeof DIFF_SCHEMA;
  readonly tool: { readonly name: "mallog"; readonly version: string };
  /** file names as typed */
  readonly base: string;
  readonly head: string;
  /** sentences: why the reports are less comparable than they look */
  readonly remarks: readonly string[];
  /** most important first; keys are the short names of budgets, and "threads" */
  readonly totals: readonly (Change & {
    readonly key: string;
    readonly unit: BudgetResult["unit"];
  })[];
  /** the recorded run, then the what-ifs by change of RSS, largest first */
  readonly scenarios: readonly ScenarioChange[];
  /** arenas of the recorded run at its end, largest change of RSS first */
  readonly arenas: readonly ArenaChange[];
  /** largest change of live bytes first */
  readonly threads: { readonly matchedBy: MatchedBy; readonly rows: readonly ThreadChange[] };
  readonly budgets: readonly BudgetResult[];
}

/** null: absent from that report; `change` counts it as 0 */
export interface Change {
  readonly base: number | null;
  readonly head: number | null;
  readonly change: number;
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

export interface ThreadChange {
  /** null: matched by name */
  readonly tid: number | null;
  readonly name: string | null;
  /** number of threads of that name */
  readonly threads: Change;
  readonly liveBytes: Change;
  readonly liveBlocks: Change;
  readonly volumeBytes: Change;
  readonly calls: Change;
}

export interface Side {
  readonly file: string;
  readonly report: KnownReport;
}

/** Compares two reports; `budgets` stays empty, for the caller to fill. */
export function diffOf({ file: base, report: a }: Side, head: Side, version: string): Diff {
  const b = head.report;
  return {
    schema: DIFF_SCHEMA,
    tool: { name: "mallog", version },
    base,
    head: head.file,
    remarks: [...interrupted(base, a), ...interrupted(head.file, b), ...modelDifferences(a, b)],
    totals: totalsOf(a, b),
    scenarios: scenarioChanges(a, b),
    arenas: arenaChanges(a.scenarios[0], b.scenarios[0]),
    threads: threadChanges(a, b),
    budgets: [],
  };
}

/** Matches the threads of two reports; largest change of live bytes first. */
export function threadChanges(a: KnownReport, b: KnownReport): Diff["threads"] {
  const { by, rows } = matchThreads(a.threads, b.threads);
  const sorted = rows
    .map(threadChange)
    .sort(
      (x, y) =>
        larger(x.liveBytes, y.liveBytes) ||
        larger(x.volumeBytes, y.volumeBytes) ||
        (x.tid ?? 0) - (y.tid ?? 0) ||
        compareTexts(x.name ?? "", y.name ?? ""),
    );
  return { matchedBy: by, rows: sorted };
}

/** By code units: the same order whatever the locale. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function changeOf(base: number | null, head: number | null): Change {
  return { base, head, change: (head ?? 0) - (base ?? 0) };
}

function larger(a: Change, b: Change): number {
  return Math.abs(b.change) - Math.abs(a.change);
}

function totalsOf(a: KnownReport, b: KnownReport): Diff["totals"] {
  const total = (
    key: string,
    unit: BudgetResult["unit"],
    of: (report: KnownReport) => number | undefined,
  ) => ({ key, unit, ...changeOf(of(a) ?? null, of(b) ?? null) });
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

function scenarioChanges(a: KnownReport, b: KnownReport): ScenarioChange[] {
  const before = new Map(a.scenarios.map((scenario) => [scenario.name, scenario]));
  const after = new Map(b.scenarios.map((scenario) => [scenario.name, scenario]));
  const names = [...new Set([...after.keys(), ...before.keys()])];
  const [recorded, ...whatIfs] = names.map((name) => {
    const rss = (of: (scenario: KnownScenario) => number): Change => {
      const [base, head] = [before.get(name), after.get(name)];
      return changeOf(base ? of(base) : null, head ? of(head) : null);
    };
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

function threadChange({ tid, name, base, head }: MatchedThread): ThreadChange {
  return {
    tid,
    name,
    threads: changeOf(base?.threads ?? null, head?.threads ?? null),
    liveBytes: changeOf(base?.liveBytes ?? null, head?.liveBytes ?? null),
    liveBlocks: changeOf(base?.liveBlocks ?? null, head?.liveBlocks ?? null),
    volumeBytes: changeOf(base?.volumeBytes ?? null, head?.volumeBytes ?? null),
    calls: changeOf(base?.calls ?? null, head?.calls ?? null),
  };
}

function interrupted(file: string, { complete }: KnownReport): string[] {
  return complete
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
