import type { KnownThread } from "../report/read-report.ts";

/** How threads are matched; "nothing": the reports share neither tids nor names. */
export type MatchedBy = "tid" | "name" | "nothing";

export interface MatchedThreads {
  readonly by: MatchedBy;
  readonly rows: readonly MatchedThread[];
}

/** A thread of one report or both. Matched by name, it is the sum of all threads of that name. */
export interface MatchedThread {
  readonly tid: number | null;
  readonly name: string | null;
  readonly base: ThreadFigures | null;
  readonly head: ThreadFigures | null;
}

export interface ThreadFigures {
  readonly threads: number;
  readonly volumeBytes: number;
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly calls: number;
}

/**
 * Matches by tid if at least half of the threads share a tid whose names do not contradict: in another run of a program,
 * tids differ, and some are equal by chance. Otherwise matches by name.
 */
export function matchThreads(
  base: readonly KnownThread[],
  head: readonly KnownThread[],
): MatchedThreads {
  const byTid = new Map(base.map((thread) => [thread.tid, thread]));
  const shared = head.filter(({ tid, name }) => {
    const before = byTid.get(tid);
    return before !== undefined && (before.name === name || before.name === null || name === null);
  });
  if (shared.length > 0 && 2 * shared.length >= Math.min(base.length, head.length)) {
    return { by: "tid", rows: pairs(base, head, ({ tid }) => tid) };
  }
  const names = new Set(base.map(({ name }) => name));
  if (head.some(({ name }) => name !== null && names.has(name))) {
    return { by: "name", rows: pairs(base, head, ({ name }) => name) };
  }
  return { by: "nothing", rows: [] };
}

function pairs(
  base: readonly KnownThread[],
  head: readonly KnownThread[],
  idOf: (thread: KnownThread) => number | string | null,
): MatchedThread[] {
  const before = grouped(base, idOf);
  const after = grouped(head, idOf);
  const ids = new Set([...after.keys(), ...before.keys()]);
  return [...ids].map((id) => ({
    tid: typeof id === "number" ? id : null,
    name: typeof id === "number" ? nameOf(after.get(id), before.get(id)) : id,
    base: figuresOf(before.get(id)),
    head: figuresOf(after.get(id)),
  }));
}

function grouped<Id>(
  threads: readonly KnownThread[],
  idOf: (thread: KnownThread) => Id,
): Map<Id, KnownThread[]> {
  const groups = new Map<Id, KnownThread[]>();
  for (const thread of threads) {
    const id = idOf(thread);
    const group = groups.get(id);
    if (group === undefined) {
      groups.set(id, [thread]);
    } else {
      group.push(thread);
    }
  }
  return groups;
}

function nameOf(...sides: readonly (readonly KnownThread[] | undefined)[]): string | null {
  return sides.flatMap((threads) => threads?.[0]?.name ?? [])[0] ?? null;
}

function figuresOf(threads: readonly KnownThread[] | undefined): ThreadFigures | null {
  if (threads === undefined) {
    return null;
  }
  const sum = (of: (thread: KnownThread) => number): number =>
    threads.reduce((total, thread) => total + of(thread), 0);
  return {
    threads: threads.length,
    volumeBytes: sum(({ volumeBytes }) => volumeBytes),
    liveBytes: sum(({ liveBytes }) => liveBytes),
    liveBlocks: sum(({ liveBlocks }) => liveBlocks),
    calls: sum(({ calls }) => calls.total),
  };
}
