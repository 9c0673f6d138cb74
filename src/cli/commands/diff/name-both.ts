import type { KnownReport, KnownThread, ReadReport } from "../../../report/read-report.ts";
import type { ThreadDump } from "../../../trace/stated/thread-dump.ts";

interface Both {
  readonly base: ReadReport;
  readonly head: ReadReport;
}

/**
 * Both reports with their threads named by --jstack. A dump is of the run that has more of its threads: in another run of a
 * program the ids differ, and some are equal by chance.
 */
export function withDumpedNames({ base, head }: Both, dumps: readonly ThreadDump[]): Both {
  const ofBase = dumps.filter((dump) => matches(dump, base.known) > matches(dump, head.known));
  const ofHead = dumps.filter((dump) => !ofBase.includes(dump));
  return { base: named(base, ofBase), head: named(head, ofHead) };
}

/** Threads of the dumps, and how many of them are in one of the reports. */
export function matchedThreads({ base, head }: Both, dumps: readonly ThreadDump[]): number {
  return dumps.reduce(
    (sum, dump) => sum + Math.max(matches(dump, base.known), matches(dump, head.known)),
    0,
  );
}

function matches({ threads }: ThreadDump, report: KnownReport): number {
  const tids = new Set(report.threads.map(({ tid }) => tid));
  return threads.filter(({ tid }) => tids.has(tid)).length;
}

/** As in an analysis: a dump's name counts most, then that of the report, then a listing's. */
function named(report: ReadReport, dumps: readonly ThreadDump[]): ReadReport {
  const names = { dump: new Map<number, string>(), listing: new Map<number, string>() };
  for (const { kind, threads } of dumps) {
    for (const { tid, name } of threads) {
      if (name !== null) {
        names[kind].set(tid, name);
      }
    }
  }
  const threads = report.known.threads.map((thread): KnownThread => {
    const { tid } = thread;
    const name = names.dump.get(tid) ?? thread.name ?? names.listing.get(tid) ?? null;
    return { ...thread, name };
  });
  return { ...report, known: { ...report.known, threads } };
}
