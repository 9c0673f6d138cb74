import type { KnownReport, KnownThread } from "../report/read-report.ts";
import { type Change, changeOf, compareTexts, larger } from "./change.ts";
import { type MatchedBy, matchThreads, type ThreadGroup } from "./match-threads.ts";

export interface ThreadChanges {
  readonly matchedBy: MatchedBy;
  /** largest change of live bytes first */
  readonly rows: readonly ThreadChange[];
}

/** A thread, or the sum of those that are matched as one. */
export interface ThreadChange {
  /** null: not matched by tid */
  readonly tid: number | null;
  /** a name, or several that differ in their numbers: "worker-*" */
  readonly name: string | null;
  /** the call site at which each of the threads requests most; null: not matched by it */
  readonly site: string | null;
  /** how many they are */
  readonly threads: Change;
  readonly liveBytes: Change;
  readonly liveBlocks: Change;
  readonly volumeBytes: Change;
  readonly calls: Change;
}

/** Matches the threads of two reports. `runs`: further runs of the base. */
export function threadChanges(
  base: KnownReport,
  head: KnownReport,
  runs: readonly KnownReport[],
): ThreadChanges {
  const { by, isOfRuns, groupsIn } = matchThreads(base, head, runs);
  const [before, after] = [groupsIn(base), groupsIn(head)];
  const others = isOfRuns ? runs.map(groupsIn) : [];
  const rows = [...new Set([...after.keys(), ...before.keys()])].map((key) => {
    const sum = (of: (thread: KnownThread) => number): Change => {
      const figure = (groups: typeof before): number | null =>
        groups.get(key)?.threads.reduce((total, thread) => total + of(thread), 0) ?? null;
      return changeOf(figure(before), figure(after), others.map(figure));
    };
    return {
      ...groupOf(after.get(key)?.group, before.get(key)?.group),
      threads: sum(() => 1),
      liveBytes: sum(({ liveBytes }) => liveBytes),
      liveBlocks: sum(({ liveBlocks }) => liveBlocks),
      volumeBytes: sum(({ volumeBytes }) => volumeBytes),
      calls: sum(({ calls }) => calls.total),
    };
  });
  const sorted = rows.sort(
    (x, y) =>
      larger(x.liveBytes, y.liveBytes) ||
      larger(x.volumeBytes, y.volumeBytes) ||
      (x.tid ?? 0) - (y.tid ?? 0) ||
      compareTexts(x.name ?? x.site ?? "", y.name ?? y.site ?? ""),
  );
  return { matchedBy: by, rows: sorted };
}

/** Matched by tid, only one of the reports may have the name. */
function groupOf(after: ThreadGroup | undefined, before: ThreadGroup | undefined): ThreadGroup {
  const { tid = null, site = null } = after ?? before ?? {};
  return { tid, name: after?.name ?? before?.name ?? null, site };
}

/** The threads as sentences call them, after "of", say. */
export function threadsLabel({ tid, name, site }: ThreadGroup): string {
  if (tid !== null) {
    return name === null ? `thread ${tid}` : `thread ${tid} (${name})`;
  }
  if (name !== null) {
    return `threads named ${name}`;
  }
  return site === null ? "unnamed threads" : `threads that request most at ${site}`;
}
