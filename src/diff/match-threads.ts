import type { KnownReport, KnownThread } from "../report/read-report.ts";
import { SiteKeys } from "./site-keys.ts";

/** How threads are matched; "nothing": the reports share neither tids nor names, nor call sites. */
export type MatchedBy = "tid" | "name" | "site" | "nothing";

/** What threads have in common that are compared as one. */
export interface ThreadGroup {
  readonly tid: number | null;
  /** a name, or several that differ in their numbers: "worker-*" */
  readonly name: string | null;
  /** the call site at which each requests most */
  readonly site: string | null;
}

export interface ThreadMatch {
  readonly by: MatchedBy;
  /** the further runs have the same groups: false if only the two reports share tids, and nothing else */
  readonly isOfRuns: boolean;
  /** The threads of a report by the key of their group, which is the same in both reports and in other runs. */
  readonly groupsIn: (report: KnownReport) => Map<string, GroupedThreads>;
}

export interface GroupedThreads {
  readonly group: ThreadGroup;
  readonly threads: readonly KnownThread[];
}

/** Returns the key of a thread's group, and the group. */
type Grouping = (thread: KnownThread) => readonly [key: string, group: ThreadGroup];

/**
 * Matches by tid if at least half of the threads share a tid whose names do not contradict, also with further runs of the
 * base: in another run of a program, tids differ, and some are equal by chance. Otherwise matches by name, if names tell
 * threads apart, else by the call site at which a thread requests most.
 */
export function matchThreads(
  base: KnownReport,
  head: KnownReport,
  runs: readonly KnownReport[],
): ThreadMatch {
  const isByTid = shareTids(base.threads, head.threads);
  const isOfRuns = runs.every(({ threads }) => shareTids(base.threads, threads));
  const byTid = (): ThreadMatch => ({
    ...matching("tid", () => ({ tid, name }) => [`${tid}`, { tid, name, site: null }]),
    isOfRuns,
  });
  return isByTid && isOfRuns
    ? byTid()
    : (matchByKind(base, head) ?? (isByTid ? byTid() : NO_MATCH));
}

const NO_MATCH: ThreadMatch = { by: "nothing", isOfRuns: true, groupsIn: () => new Map() };

/** By name or call site; null: the reports share neither. */
function matchByKind(base: KnownReport, head: KnownReport): ThreadMatch | null {
  const names = sharedNames(base.threads, head.threads);
  const sites = new SiteKeys(base, head);
  const bySite = (report: KnownReport): Grouping => {
    const ofThreads = sites.ofThreads(report);
    return ({ tid, name }) => {
      const site = ofThreads.get(tid);
      return site === undefined
        ? [nameKey(name), { tid: null, name, site: null }]
        : [site.key, { tid: null, name: null, site: site.label }];
    };
  };
  const isOneName = new Set([...base.threads, ...head.threads].map(({ name }) => name)).size === 1;
  if (names.size > 0 && !isOneName) {
    return matching("name", (report) => {
      const ofUnnamed = bySite(report);
      return (thread) => {
        if (thread.name === null) {
          return ofUnnamed(thread);
        }
        const name = [thread.name, numbered(thread.name)].find((one) => names.has(one));
        const shown = name ?? thread.name;
        return [nameKey(shown), { tid: null, name: shown, site: null }];
      };
    });
  }
  const before = new Set([...sites.ofThreads(base).values()].map(({ key }) => key));
  if ([...sites.ofThreads(head).values()].some(({ key }) => before.has(key))) {
    return matching("site", bySite);
  }
  return names.size > 0
    ? matching("name", () => ({ name }) => [nameKey(name), { tid: null, name, site: null }])
    : null;
}

function shareTids(base: readonly KnownThread[], head: readonly KnownThread[]): boolean {
  const byTid = new Map(base.map((thread) => [thread.tid, thread]));
  const shared = head.filter(({ tid, name }) => {
    const before = byTid.get(tid);
    return before !== undefined && (before.name === name || before.name === null || name === null);
  });
  return shared.length > 0 && 2 * shared.length >= Math.min(base.length, head.length);
}

/** Names that both have; of the others, what they have in common but for their numbers. */
function sharedNames(base: readonly KnownThread[], head: readonly KnownThread[]): Set<string> {
  const [before, after] = [namesOf(base), namesOf(head)];
  const shared = new Set([...after].filter((name) => before.has(name)));
  const left = new Set([...before].filter((name) => !shared.has(name)).map(numbered));
  const patterns = [...after].filter((name) => !shared.has(name)).map(numbered);
  return new Set([...shared, ...patterns.filter((pattern) => left.has(pattern))]);
}

function nameKey(name: string | null): string {
  return name === null ? "unnamed" : `name ${name}`;
}

function namesOf(threads: readonly KnownThread[]): Set<string> {
  return new Set(threads.flatMap(({ name }) => name ?? []));
}

/** "pool-1-thread-12" as "pool-*-thread-*" */
function numbered(name: string): string {
  return name.replace(/\d+/g, "*");
}

function matching(by: MatchedBy, groupingOf: (report: KnownReport) => Grouping): ThreadMatch {
  return {
    by,
    isOfRuns: true,
    groupsIn: (report) => {
      const grouping = groupingOf(report);
      const groups = new Map<string, { group: ThreadGroup; threads: KnownThread[] }>();
      for (const thread of report.threads) {
        const [key, group] = grouping(thread);
        const found = groups.get(key);
        if (found === undefined) {
          groups.set(key, { group, threads: [thread] });
        } else {
          found.threads.push(thread);
        }
      }
      return groups;
    },
  };
}
