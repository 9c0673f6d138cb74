import { gradeOf } from "../../src/insight/evidence/grade.ts";
import type { CallerSummary } from "../../src/report/contract/allocations.ts";
import {
  type ArenaSummary,
  type Causes,
  REPORT_SCHEMA,
  type Report,
  type Scenario,
  type ThreadSummary,
  type UnavailableScenario,
} from "../../src/report/contract/report.ts";

/** Builders of reports. Fields that a test omits are those of a small, clean, fully modelled log. */

export const KiB = 1024;
export const MiB = 1024 * KiB;

const NO_FREE = { tcache: 0, fastbins: 0, unsorted: 0, smallbins: 0, largebins: 0, top: 0 };

export function thread(tid: number, given: Partial<ThreadSummary> = {}): ThreadSummary {
  return {
    tid,
    name: null,
    topFrame: null,
    calls: { malloc: 10, calloc: 0, realloc: 0, memalign: 0, free: 5, total: 15 },
    lines: 15,
    failedCalls: 0,
    volumeBytes: 10 * MiB,
    liveBytes: 5 * MiB,
    liveBlocks: 5,
    peakLiveBytes: 6 * MiB,
    freedByOthersBytes: 0,
    freedForOthersBytes: 0,
    takenFromOthers: 0,
    pinnedBytes: 0,
    arenas: [0],
    firstTime: 0,
    lastTime: 1,
    liveTimeline: [],
    ...given,
  };
}

export function arena(id: number, given: Partial<ArenaSummary> = {}): ArenaSummary {
  return {
    id,
    main: id === 0,
    heaps: 1,
    systemBytes: 8 * MiB,
    rssBytes: 7 * MiB,
    inUseBytes: 5 * MiB,
    freeBytes: 3 * MiB,
    topBytes: 1 * MiB,
    free: { ...NO_FREE, unsorted: 2 * MiB, top: 1 * MiB },
    pinnedBytes: 0,
    threads: [100],
    rssTimeline: [],
    bins: [],
    heapMaps: [],
    ...given,
  };
}

export interface ScenarioGiven extends Partial<Omit<Scenario, "rss">> {
  readonly endMiB?: number;
  readonly peakMiB?: number;
  readonly touchMiB?: readonly [none: number, all: number];
}

export function scenario(name: string, given: ScenarioGiven = {}): Scenario {
  const { endMiB = 20, peakMiB = 24, touchMiB = [endMiB, endMiB], ...rest } = given;
  return {
    name,
    settings: {},
    trim: "never",
    glibc: "2.36",
    rss: {
      endBytes: endMiB * MiB,
      peakBytes: peakMiB * MiB,
      peakTime: 0.5,
      peakEvents: 500,
      endBytesTouchNone: touchMiB[0] * MiB,
      endBytesTouchAll: touchMiB[1] * MiB,
      lowBytes: endMiB * MiB,
      highBytes: endMiB * MiB,
      peakLowBytes: peakMiB * MiB,
      peakHighBytes: peakMiB * MiB,
      spread: { touchBytes: 0, arenasBytes: 0, exitsBytes: 0 },
      contendedRuns: 0,
      otherOrders: [],
    },
    system: { endBytes: endMiB * MiB, peakBytes: peakMiB * MiB },
    requestedBytes: 10 * MiB,
    inUseBytes: 11 * MiB,
    free: { ...NO_FREE, unsorted: 2 * MiB, top: 1 * MiB },
    mmapped: { blocks: 0, bytes: 0 },
    fragmentation: { internal: 1 / 11, external: 1 - 11 / endMiB },
    trimmedBytes: 0,
    failedCalls: 0,
    systemCalls: { brk: 2, mmap: 0, mremap: 0, munmap: 0, madvise: 0, mprotect: 0 },
    pageFaults: (endMiB * MiB) / 4096,
    arenaCount: 1,
    arenas: [arena(0)],
    mallinfo2: {
      arena: 0,
      ordblks: 0,
      smblks: 0,
      hblks: 0,
      hblkhd: 0,
      usmblks: 0,
      fsmblks: 0,
      uordblks: 0,
      fordblks: 0,
      keepcost: 0,
    },
    ...rest,
  };
}

/** A what-if that the log's glibc lacks. */
export function unavailable(given: Partial<UnavailableScenario> = {}): UnavailableScenario {
  return {
    name: "glibc.malloc.tcache_count=0",
    settings: { "glibc.malloc.tcache_count": "0" },
    glibc: "2.17",
    reason: "glibc 2.17 has no tunables",
    ...given,
  };
}

export const MODEL: NonNullable<Report["model"]> = {
  glibc: "2.36",
  glibcSource: "log",
  glibcRange: ["2.35", "2.36", "2.37"],
  glibcRunnerUp: null,
  cpus: 8,
  cpusSource: "log",
  settings: {},
  settingsSource: {},
  settingsRange: {},
  settingsOrElse: {},
  touch: "facts",
  lowestRatio: 0.25,
  fit: null,
  holes: null,
  thp: "madvise",
  pageBytes: 4096,
  thpUnitBytes: 0,
  inferred: {
    threadExits: 0,
    lastExits: 0,
    swaps: 0,
    settingPointers: 0,
    arenaChoices: 0,
    unloggedBytes: 0,
    cutSizes: 0,
    foreignSbrks: 0,
    foreignSbrkBytes: 0,
  },
  fidelity: { compared: 20, equal: 20, ratio: 1, firstDivergence: null },
  assumedWritten: { blocks: 0, bytes: 0, mediumBlocks: 0, mediumBytes: 0 },
};

export function fidelity(compared: number, equal: number): NonNullable<Report["model"]> {
  const expected = "main heap + 0x2a0";
  const firstDivergence =
    equal === compared ? null : { event: 17, line: 1234, expected, modelled: "main heap + 0x4c0" };
  const ratio = compared === 0 ? 1 : equal / compared;
  return { ...MODEL, fidelity: { compared, equal, ratio, firstDivergence } };
}

export function report(given: Partial<Report> = {}): Report {
  const threads = given.threads ?? [thread(100), thread(101, { volumeBytes: 3 * MiB })];
  const ungraded: Omit<Report, "grade"> = {
    schema: REPORT_SCHEMA,
    tool: { name: "mallog", version: "0.0.0" },
    complete: true,
    trace: trace({ threads: threads.length }),
    threads,
    callers: [],
    sizes: [],
    sites: NO_SITES,
    live: { bytes: 10 * MiB, blocks: 10, peakBytes: 12 * MiB, peakTime: 0.5 },
    model: MODEL,
    scenarios: [scenario("as recorded")],
    measured: null,
    timeline: NO_TIMELINE,
    findings: [],
    budgets: [],
    ...given,
  };
  return { ...ungraded, grade: given.grade ?? gradeOf(ungraded) };
}

export const NO_SITES: Report["sites"] = {
  tid: [],
  caller: [],
  size: [],
  calls: [],
  volumeBytes: [],
  liveBytes: [],
  liveAtPeakBytes: [],
  pinnedBytes: [],
};

export const NO_CAUSES: Causes = {
  live: 0,
  mapped: 0,
  overhead: 0,
  unwritten: 0,
  tcache: 0,
  fastbins: 0,
  returnable: 0,
  pinned: 0,
  tops: 0,
  idleArenas: 0,
  unlogged: 0,
};

export function caller(text: string, given: Partial<CallerSummary> = {}): CallerSummary {
  return {
    caller: text,
    module: null,
    offset: null,
    symbol: null,
    file: null,
    line: null,
    calls: 10,
    volumeBytes: 10 * MiB,
    liveBytes: 5 * MiB,
    liveBlocks: 5,
    liveAtPeakBytes: 5 * MiB,
    pinnedBytes: 0,
    temporaryCalls: 0,
    medianLifetimeEvents: null,
    merged: false,
    liveTimeline: [],
    ...given,
  };
}

export const NO_TIMELINE: Report["timeline"] = {
  time: [],
  eventsPerPoint: 1,
  liveBytes: [],
  inUseBytes: [],
  perScenario: {},
  eventsPerThreadPoint: 1,
  siteEvents: [],
  eventsPerArenaPoint: 1,
};

export function trace(given: Partial<Report["trace"]> = {}): Report["trace"] {
  return {
    format: "native",
    sources: ["app.log"],
    events: 30,
    threads: 2,
    firstTime: 0,
    lastTime: 1,
    lines: { total: 30, parsed: 30, comments: 0, malformed: 0, blank: 0 },
    malformedSamples: [],
    malformedKinds: { unparsable: 0, overlong: 0 },
    pointerBits: 64,
    anomalies: NO_ANOMALIES,
    ...given,
  };
}

export const NO_ANOMALIES: Report["trace"]["anomalies"] = {
  freeUnknown: 0,
  doubleFree: 0,
  reusedLive: 0,
  collidingPointers: 0,
  foreignRealloc: 0,
  impossibleSize: 0,
  reordered: 0,
  swapped: 0,
  truncatedInputs: 0,
};
