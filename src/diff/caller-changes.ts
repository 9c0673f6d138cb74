import type { KnownCaller, KnownReport } from "../report/read-report.ts";
import { type Change, changeOf, compareTexts, larger } from "./change.ts";
import { SiteKeys, siteLabel } from "./site-keys.ts";

export interface CallerChanges {
  /** false: the reports share no call site, so that none are compared */
  readonly matched: boolean;
  /** largest change of live bytes first */
  readonly rows: readonly CallerChange[];
}

/** A call site, or all of a function. */
export interface CallerChange {
  /** the function, else the place in its module, else as logged */
  readonly caller: string;
  readonly liveBytes: Change;
  readonly liveBlocks: Change;
  /** live when the live bytes of the process first reached their peak */
  readonly liveAtPeakBytes: Change;
  readonly volumeBytes: Change;
  readonly calls: Change;
}

/** Compares the call sites of two reports. `runs`: further runs of the base. */
export function callerChanges(
  base: KnownReport,
  head: KnownReport,
  runs: readonly KnownReport[],
): CallerChanges {
  const keys = new SiteKeys(base, head);
  if (!keys.areShared) {
    return { matched: false, rows: [] };
  }
  const [before, after] = [grouped(base, keys), grouped(head, keys)];
  const others = runs.map((run) => grouped(run, keys));
  const rows = [...new Set([...after.keys(), ...before.keys()])].map((key): CallerChange => {
    const [first] = after.get(key) ?? before.get(key) ?? [];
    const sum = (of: (row: KnownCaller) => number): Change => {
      const figure = (groups: Groups): number | null =>
        groups.get(key)?.reduce((total, row) => total + of(row), 0) ?? null;
      return changeOf(figure(before), figure(after), others.map(figure));
    };
    return {
      caller: first === undefined ? key : siteLabel(first),
      liveBytes: sum(({ liveBytes }) => liveBytes),
      liveBlocks: sum(({ liveBlocks }) => liveBlocks),
      liveAtPeakBytes: sum(({ liveAtPeakBytes }) => liveAtPeakBytes),
      volumeBytes: sum(({ volumeBytes }) => volumeBytes),
      calls: sum(({ calls }) => calls),
    };
  });
  const sorted = rows.sort(
    (x, y) =>
      larger(x.liveBytes, y.liveBytes) ||
      larger(x.volumeBytes, y.volumeBytes) ||
      compareTexts(x.caller, y.caller),
  );
  return { matched: true, rows: sorted };
}

type Groups = ReadonlyMap<string, readonly KnownCaller[]>;

function grouped({ callers }: KnownReport, keys: SiteKeys): Groups {
  const groups = new Map<string, KnownCaller[]>();
  for (const row of callers) {
    const key = keys.keyOf(row);
    if (key === null) {
      continue;
    }
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, [row]);
    } else {
      group.push(row);
    }
  }
  return groups;
}
