import type { LogResult } from "../pipeline/analysis-result.ts";
import type { DumpsSummary, FrameInDumps, ThreadInDumps } from "../report/contract/dumps.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";
import { type DumpTimes, dumpTimes } from "../trace/stated/dump-times.ts";
import type { DumpedThread, ThreadDump } from "../trace/stated/thread-dump.ts";
import { secondsSinceStart } from "./seconds.ts";

const MAX_FRAMES_SHOWN = 5;

/** A thread of the log in one dump. */
interface Seen {
  readonly shown: DumpedThread;
  readonly kind: ThreadDump["kind"];
  /** null: when the dump was taken is unknown */
  readonly wasAllocating: boolean | null;
}

/** What the given dumps say of the threads of a log. */
export class DumpedThreads {
  readonly #seen = new Map<number, Seen[]>();
  /** null: none were given */
  readonly summary: DumpsSummary | null;

  constructor({ ledger, statedProcess }: LogResult, dumps: readonly ThreadDump[]) {
    const indexes = indexesOf(ledger, dumps);
    const { clock } = ledger;
    const { times, clock: shownBy } = dumpTimes(dumps, {
      first: clock.least,
      last: clock.greatest,
      epochSeconds: statedProcess.startSeconds,
      firstTimeOf: (tid) => {
        const thread = indexes.get(tid);
        return thread === undefined ? Number.NaN : ledger.threads.figure(thread, "firstTime");
      },
    });
    for (const i of inOrderOfTime(times)) {
      const { kind, threads } = dumps[i]!;
      const event = eventAt(ledger, times[i]!);
      for (const shown of threads) {
        const thread = indexes.get(shown.tid);
        if (thread === undefined) {
          continue;
        }
        const wasAllocating =
          event === null ? null : event >= 0 && ledger.threads.allocatedAround(thread, event);
        const seen = this.#seen.get(shown.tid) ?? [];
        seen.push({ shown, kind, wasAllocating });
        this.#seen.set(shown.tid, seen);
      }
    }
    this.summary =
      dumps.length === 0
        ? null
        : {
            dumps: dumps.map(({ source, kind, threads }, i) => ({
              source,
              kind,
              time: secondsSinceStart(ledger, times[i]!),
              threads: threads.length,
              matched: threads.filter(({ tid }) => indexes.has(tid)).length,
            })),
            matchedThreads: this.#seen.size,
            clock: shownBy,
          };
  }

  /**
   * The name of a thread. `logged`: what the log says, null if nothing. A dump's name is whole, where the kernel cuts names
   * to 15 bytes; the kernel's own, in the log, counts more than that of a listing.
   */
  nameOf(tid: number, logged: string | null): string | null {
    const seen = this.#seen.get(tid);
    if (seen === undefined) {
      return logged;
    }
    const last = (kind: ThreadDump["kind"]): string | null =>
      seen.findLast((one) => one.kind === kind && one.shown.name !== null)?.shown.name ?? null;
    return last("dump") ?? logged ?? last("listing");
  }

  /** What dumps show of a thread; null if none has it. */
  of(tid: number): ThreadInDumps | null {
    const seen = (this.#seen.get(tid) ?? []).filter(({ kind }) => kind === "dump");
    if (seen.length === 0) {
      return null;
    }
    const states = new Map<string, number>();
    for (const { shown } of seen) {
      if (shown.state !== null) {
        states.set(shown.state, (states.get(shown.state) ?? 0) + 1);
      }
    }
    const isKnown = seen.some(({ wasAllocating }) => wasAllocating !== null);
    const allocating = seen.filter(({ wasAllocating }) => wasAllocating === true);
    return {
      dumps: seen.length,
      whileAllocating: isKnown ? allocating.length : null,
      states: Object.fromEntries(states),
      frames: framesOf(allocating.length === 0 ? seen : allocating),
    };
  }
}

/** The innermost frames, those seen most first; of frames seen equally often, those seen first. */
function framesOf(seen: readonly Seen[]): FrameInDumps[] {
  const frames = new Map<string, FrameInDumps>();
  for (const { shown } of seen) {
    const [frame] = shown.frames;
    if (frame !== undefined) {
      const dumps = (frames.get(frame)?.dumps ?? 0) + 1;
      frames.set(frame, { frame, dumps, stack: shown.frames });
    }
  }
  return [...frames.values()].sort((a, b) => b.dumps - a.dumps).slice(0, MAX_FRAMES_SHOWN);
}

/** Dense indexes of the threads that both the log and the dumps have, by tid. */
function indexesOf(ledger: Ledger, dumps: readonly ThreadDump[]): Map<number, number> {
  const wanted = new Set(dumps.flatMap(({ threads }) => threads.map(({ tid }) => tid)));
  const indexes = new Map<number, number>();
  for (let thread = 0; wanted.size > 0 && thread < ledger.threads.size; thread++) {
    const tid = ledger.threads.tidOf(thread);
    if (wanted.has(tid)) {
      indexes.set(tid, thread);
    }
  }
  return indexes;
}

/** Indexes of the dumps, those of unknown time first: later ones are known to be later. */
function inOrderOfTime(times: DumpTimes["times"]): number[] {
  const rank = (i: number): number => (Number.isNaN(times[i]!) ? -Infinity : times[i]!);
  return times.map((_, i) => i).sort((a, b) => compare(rank(a), rank(b)));
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** 0-based number of an event around a time; −1 before the first or after the last; null if the time is unknown. */
function eventAt({ time: axis, clock }: Ledger, time: number): number | null {
  if (Number.isNaN(time)) {
    return null;
  }
  if (time < clock.least || time > clock.greatest) {
    return -1;
  }
  const point = axis.points().findIndex((last) => last >= time);
  return point < 0 ? -1 : point * axis.eventsPerPoint;
}
