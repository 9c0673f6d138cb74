import type {
  Anomalies,
  CallerSummary,
  Fidelity,
  Finding,
  Pin,
  Scenario,
  ThreadSummary,
  ThresholdRaise,
  TraceSummary,
} from "../report/contract/report.ts";
import { plural } from "../report/wording/format.ts";
import { threadBuffersFinding } from "./evidence/lines-in-blocks.ts";
import { otherAllocatorFinding } from "./evidence/other-allocator.ts";
import { heldLikewise, pinSentence } from "./pins/pin-sentence.ts";
import { raisedThresholds } from "./pins/threshold-sentence.ts";

/** Smaller amounts are not worth a line. */
const MIN_BYTES = 1024 * 1024;

/** glibc versions whose RSS differs by a smaller share count as equal. */
const UNDECIDED_RATIO = 0.02;

/** What findings rest on. */
export interface Facts {
  readonly recorded: Scenario;
  /** the recorded run and the what-ifs */
  readonly scenarios: readonly Scenario[];
  readonly thresholdRaise: ThresholdRaise | null;
  readonly threads: readonly ThreadSummary[];
  readonly callers: readonly CallerSummary[];
  readonly pins: readonly Pin[];
  readonly trace: TraceSummary;
  /** calls that the hook could not write */
  readonly lostCalls: number;
  readonly fidelity: Fidelity;
  /** bytes in use that were allocated outside the log: they are not free */
  readonly outsideBytes: number;
  /** the log has comments that apply to the lines around them: RSS samples or holes */
  readonly refersToPlaces: boolean;
  /** a recorded setting turns off the dynamic mmap threshold */
  readonly freezesThresholds: boolean;
  /** RSS at the end, in bytes, under each glibc version that fits the log */
  readonly rssByGlibc: ReadonlyMap<string, number>;
}

/** What stands out in the recorded run, each with its evidence; largest first. */
export function findings(facts: Facts): Finding[] {
  const { recorded, threads, trace, fidelity, outsideBytes, refersToPlaces, freezesThresholds } =
    facts;
  const held = retained(recorded, outsideBytes);
  const pins = pinned(facts, held);
  const found = [
    held,
    raisedThresholds(facts.thresholdRaise, facts.scenarios, facts),
    arenas(recorded, outsideBytes),
    undecided(recorded, facts.rssByGlibc),
    lost(facts.lostCalls),
    otherAllocatorFinding(trace),
    threadBuffersFinding(trace, fidelity, refersToPlaces),
  ];
  // Times out of order explain pointers that are returned while live.
  if (!showsBuffersByTime(trace)) {
    found.push(forked(threads, trace.anomalies));
  }
  if (freezesThresholds) {
    found.push(frozen());
  }
  const others = found.filter((finding) => finding !== null).sort((a, b) => b.bytes - a.bytes);
  if (pins === null) {
    return others;
  }
  // What explains the other is read first.
  return pins.severity === held?.severity
    ? [pins, ...others]
    : [...others, pins].sort((a, b) => b.bytes - a.bytes);
}

/** Pins explain retained memory if they hold at least this share of it. */
const EXPLAINED_RATIO = 0.5;

const OF_MODEL = [
  "retained-free-memory",
  "pinned-heap",
  "arenas-retain",
  "glibc-undecided",
  "thresholds-raised",
];

/** Returns the findings that do not rest on the model's figures. */
export function withoutModel(all: readonly Finding[]): Finding[] {
  return all.filter(({ kind }) => !OF_MODEL.includes(kind));
}

function lost(calls: number): Finding | null {
  if (calls === 0) {
    return null;
  }
  return {
    kind: "lost-calls",
    severity: "critical",
    message: `the hook could not write ${plural(calls, "call")}, as the disk was full or the log as large as MALLOG_MAX allows: what follows in the log lacks them`,
    bytes: 0,
    evidence: { calls },
  };
}

function showsBuffersByTime({ threadBuffers }: TraceSummary): boolean {
  return threadBuffers !== undefined && threadBuffers.latestBy !== null;
}

function retained(
  { rss, inUseBytes, free, mmapped }: Scenario,
  outsideBytes: number,
): Finding | null {
  const bytes = rss.endBytes - inUseBytes - outsideBytes;
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

/** What keeps free memory resident; as grave as that memory itself if it is most of it. */
function pinned({ pins, callers, threads, trace }: Facts, held: Finding | null): Finding | null {
  const [largest, ...others] = pins;
  if (largest === undefined || largest.heldBytes < MIN_BYTES) {
    return null;
  }
  const { block } = largest;
  const bytes = pins.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  const explains = held !== null && bytes >= EXPLAINED_RATIO * held.bytes;
  const more = others.length === 0 ? "" : `; ${heldLikewise(others)}`;
  return {
    kind: "pinned-heap",
    severity: explains ? held.severity : "warning",
    message: `${pinSentence(largest, { callers, threads, trace })}${more}`,
    bytes: largest.heldBytes,
    evidence: {
      arena: largest.arena,
      blocks: largest.blocks,
      cachedChunks: largest.cachedChunks,
      returnedIfFreedBytes: largest.returnedIfFreedBytes,
      ...(block === null ? {} : { line: block.line, tid: block.tid, size: block.size }),
    },
  };
}

function arenas({ arenas: all, arenaCount }: Scenario, outsideBytes: number): Finding | null {
  const others = all.filter(({ main }) => !main);
  const held = others.reduce((sum, { rssBytes, inUseBytes }) => sum + rssBytes - inUseBytes, 0);
  const idle = held - outsideBytes;
  if (idle < MIN_BYTES || others.length < 2) {
    return null;
  }
  return {
    kind: "arenas-retain",
    severity: "info",
    message: `${others.length} arenas other than the main arena keep free memory resident`,
    bytes: idle,
    evidence: { arenas: arenaCount },
  };
}

/** A thread counts as a forked process if its calls return live addresses of other threads at least this often … */
const FORKED_TIMES = 16;
/** … and in more than this share of its allocations. */
const FORKED_RATIO = 0.1;
/**
 * A process never receives an address that is live in itself. Where lines are missing, most such addresses return to the
 * same thread: measured, those of other threads are all in real forks, and less than a third in logs of many threads with
 * lines left out.
 */
const TAKEN_PART = 0.5;
/**
 * Two processes both free the blocks that they share, but one of them may end before. Where a hook misses frees alone,
 * none is freed twice: measured, 0.4 and more for each address taken in real forks.
 */
const FREED_TWICE_PART = 0.1;

/**
 * Calls of several processes in one log: each continues with a copy of the same heap, so both are returned the same
 * addresses (ptmalloc2.md §12.13). A log that only lost lines or their order shows this rarely.
 */
function forked(
  threads: readonly ThreadSummary[],
  { reusedLive, doubleFree }: Anomalies,
): Finding | null {
  const taken = threads.reduce((sum, { takenFromOthers }) => sum + takenFromOthers, 0);
  if (taken < reusedLive * TAKEN_PART || doubleFree < taken * FREED_TWICE_PART) {
    return null;
  }
  const forkedThreads = threads.filter(({ takenFromOthers, calls }) => {
    const allocations = calls.total - calls.free;
    return takenFromOthers >= FORKED_TIMES && takenFromOthers > allocations * FORKED_RATIO;
  });
  const [first] = [...forkedThreads].sort((a, b) => b.takenFromOthers - a.takenFromOthers);
  if (first === undefined) {
    return null;
  }
  const which =
    forkedThreads.length === 1
      ? `tid ${first.tid} receives`
      : `tid ${first.tid} and ${forkedThreads.length - 1} more receive`;
  return {
    kind: "several-processes",
    severity: "critical",
    message: `${which} blocks that are live in other threads, as a forked process does: log each process to a separate file (with the pid in its name); the figures here mix several processes`,
    bytes: 0,
    evidence: { tid: first.tid, times: first.takenFromOthers, threads: forkedThreads.length },
  };
}

/** Versions that reproduce every pointer may still keep different memory after the last pointer that could tell them apart. */
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
      "several glibc versions fit the log but end with different RSS; name the recorded one with --glibc",
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
