import type { Anomalies, Finding, Scenario, ThreadSummary } from "../report/report.ts";

/** Below this nothing is worth a line. */
const MIN_BYTES = 1024 * 1024;

/** Versions whose RSS differs by less are taken as one. */
const UNDECIDED_RATIO = 0.02;

/** What stands out in the run as recorded, each with the figures it rests on; largest first. */
export function findings(
  recorded: Scenario,
  threads: readonly ThreadSummary[],
  anomalies: Anomalies,
  freezesThresholds: boolean,
  rssByGlibc: ReadonlyMap<string, number>,
): Finding[] {
  const found = [
    retained(recorded),
    pinned(threads),
    arenas(recorded),
    undecided(recorded, rssByGlibc),
    forked(threads, anomalies),
  ];
  if (freezesThresholds) {
    found.push(frozen());
  }
  return found.filter((finding) => finding !== null).sort((a, b) => b.bytes - a.bytes);
}

function retained({ rss, inUseBytes, free, mmapped }: Scenario): Finding | null {
  const bytes = rss.endBytes - inUseBytes;
  if (bytes < MIN_BYTES || bytes < rss.endBytes / 4) {
    return null;
  }
  const cached = free.tcache + free.fastbins;
  return {
    kind: "retained-free-memory",
    severity: bytes > rss.endBytes / 2 ? "critical" : "warning",
    message: "glibc holds memory that the program has freed",
    bytes,
    evidence: {
      cachedBytes: cached,
      binBytes: free.unsorted + free.smallbins + free.largebins,
      topBytes: free.top,
      mmappedBytes: mmapped.bytes,
    },
  };
}

function pinned(threads: readonly ThreadSummary[]): Finding | null {
  const worst = threads.reduce<ThreadSummary | null>(
    (most, thread) => (thread.pinnedBytes > (most?.pinnedBytes ?? 0) ? thread : most),
    null,
  );
  if (worst === null || worst.pinnedBytes < MIN_BYTES) {
    return null;
  }
  return {
    kind: "pinned-heap",
    severity: "warning",
    message: `blocks of thread ${worst.tid} at the top of their heaps keep free memory below them resident`,
    bytes: worst.pinnedBytes,
    evidence: { tid: worst.tid },
  };
}

function arenas({ arenas: all, arenaCount }: Scenario): Finding | null {
  const others = all.filter(({ main }) => !main);
  const idle = others.reduce((sum, { rssBytes, inUseBytes }) => sum + rssBytes - inUseBytes, 0);
  if (idle < MIN_BYTES || others.length < 2) {
    return null;
  }
  return {
    kind: "arenas-retain",
    severity: "info",
    message: `${others.length} arenas besides the main one keep free memory resident`,
    bytes: idle,
    evidence: { arenas: arenaCount },
  };
}

/** A process beside the one it was forked from is given what that one has live, all the time. */
const FORKED_TIMES = 16;
const FORKED_RATIO = 0.1;
/**
 * Where a hook misses frees, most places are given to the same thread again, and none is freed twice. Of two processes
 * neither is given what is its own, and each frees what it was given. Measured: all and more of the places taken in
 * real forks; below a third, or not one, where frees or any lines were left out of logs of many threads.
 */
const FORKED_PART = 0.5;

/**
 * Calls of several processes in one log: each goes on with a copy of the same heap, so that both are given the same
 * places (ptmalloc2.md §12.13). A log that merely lost lines, or their order, shows this now and then only.
 */
function forked(
  threads: readonly ThreadSummary[],
  { reusedLive, doubleFree }: Anomalies,
): Finding | null {
  const taken = threads.reduce((sum, { takenFromOthers }) => sum + takenFromOthers, 0);
  if (taken < reusedLive * FORKED_PART || doubleFree < taken * FORKED_PART) {
    return null;
  }
  const seeming = threads.filter(({ takenFromOthers, calls }) => {
    const allocations = calls.total - calls.free;
    return takenFromOthers >= FORKED_TIMES && takenFromOthers > allocations * FORKED_RATIO;
  });
  const [first] = [...seeming].sort((a, b) => b.takenFromOthers - a.takenFromOthers);
  if (first === undefined) {
    return null;
  }
  const which =
    seeming.length === 1
      ? `tid ${first.tid} is`
      : `tid ${first.tid} and ${seeming.length - 1} more are`;
  return {
    kind: "several-processes",
    severity: "critical",
    message: `${which} given blocks that other threads have live, as a forked process is: log each process to a file of its own (its pid in the name), for no figure here is one process's`,
    bytes: 0,
    evidence: { tid: first.tid, times: first.takenFromOthers, threads: seeming.length },
  };
}

/** Versions that agree with every pointer may still keep different memory after the last call that shows it. */
function undecided(recorded: Scenario, rssByGlibc: ReadonlyMap<string, number>): Finding | null {
  const least = Math.min(...rssByGlibc.values());
  const most = Math.max(...rssByGlibc.values());
  if (most - least <= recorded.rss.endBytes * UNDECIDED_RATIO) {
    return null;
  }
  return {
    kind: "glibc-undecided",
    severity: "warning",
    message:
      "the log fits glibc versions that end with different RSS; name the one it is of with --glibc",
    bytes: most - least,
    evidence: Object.fromEntries(rssByGlibc),
  };
}

function frozen(): Finding {
  return {
    kind: "thresholds-frozen",
    severity: "info",
    message:
      "a recorded setting of trim_threshold, top_pad, mmap_threshold or mmap_max stops glibc from adapting the mmap threshold",
    bytes: 0,
    evidence: {},
  };
}
