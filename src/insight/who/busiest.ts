import type { Report, ThreadSummary } from "../../report/contract/report.ts";
import { count, percent, plural, size } from "../../report/wording/format.ts";
import { printable } from "../../report/wording/printable.ts";
import { cutMiddle } from "../../report/wording/shorten.ts";
import { threadName } from "./names.ts";

/** Threads that count together. */
interface Group {
  readonly threads: readonly ThreadSummary[];
  readonly volumeBytes: number;
}

const MAX_WIDTH = 48;

/**
 * The thread that allocated most, or the threads of one pool, whose names differ in numbers only, if they did together. Null
 * if no thread and no pool allocated more than all others.
 */
export function busiest(report: Report): string | null {
  if (report.threads.length < 2) {
    return null;
  }
  let most: ThreadSummary | Group = report.threads[0]!;
  let next = 0;
  for (const one of [...report.threads.slice(1), ...pools(report)]) {
    next = Math.max(next, Math.min(one.volumeBytes, most.volumeBytes));
    most = one.volumeBytes > most.volumeBytes ? one : most;
  }
  if (most.volumeBytes === next) {
    return null;
  }
  const threads = "threads" in most ? most.threads : [most];
  const [first] = threads;
  const name =
    threads.length > 1 || first === undefined ? poolName(threads) : threadName(first.tid, report);
  const calls = threads.reduce((sum, thread) => sum + thread.calls.total, 0);
  const requested = `${size(most.volumeBytes)} in ${count(calls)} ${calls === 1 ? "call" : "calls"}`;
  return `${name} allocated most, ${requested}${foremost(threads, report)}${inDumps(threads)}.`;
}

/** A thread that allocated so many times the average of its pool is worth naming. */
const FOREMOST_RATIO = 1.5;

/** Of a pool, the thread that allocated most, if much more than others; empty if none did. */
function foremost(threads: readonly ThreadSummary[], report: Report): string {
  const volume = threads.reduce((sum, thread) => sum + thread.volumeBytes, 0);
  const [first, ...others] = threads;
  if (first === undefined || others.length === 0) {
    return "";
  }
  const most = others.reduce((a, b) => (b.volumeBytes > a.volumeBytes ? b : a), first);
  if (most.volumeBytes * threads.length <= FOREMOST_RATIO * volume) {
    return "";
  }
  return `, ${size(most.volumeBytes)} of it by ${threadName(most.tid, report)}`;
}

/** Threads of equal names but for numbers. One that allocated most of it all stands for itself. */
function pools({ threads }: Report): Group[] {
  const byName = new Map<string, ThreadSummary[]>();
  for (const thread of threads) {
    const { name } = thread;
    if (name === null || !/\d/.test(name)) {
      continue;
    }
    const key = name.replace(/\d+/g, "0");
    const members = byName.get(key);
    if (members === undefined) {
      byName.set(key, [thread]);
    } else {
      members.push(thread);
    }
  }
  return [...byName.values()].flatMap((members) => {
    const volumeBytes = members.reduce((sum, thread) => sum + thread.volumeBytes, 0);
    const isShared = members.every((thread) => 2 * thread.volumeBytes <= volumeBytes);
    return members.length > 1 && isShared ? [{ threads: members, volumeBytes }] : [];
  });
}

/** "8 threads pool-1-thread-*": numbers in which the names differ become stars. */
function poolName(members: readonly ThreadSummary[]): string {
  const numbers = members.map(({ name }) => name?.match(/\d+/g) ?? []);
  let at = 0;
  const name = (members[0]?.name ?? "").replace(/\d+/g, (number) => {
    const i = at++;
    return numbers.every((each) => each[i] === number) ? number : "*";
  });
  return `${plural(members.length, "thread")} ${cutMiddle(printable(name), MAX_WIDTH)}`;
}

/** What the threads ran, as dumps show it; empty if none does. */
function inDumps(threads: readonly ThreadSummary[]): string {
  const dumps = threads.flatMap((thread) => thread.dumps ?? []);
  const allocating = dumps.filter(({ whileAllocating }) => (whileAllocating ?? 0) > 0);
  const isMeanwhile = allocating.length > 0;
  const frames = new Map<string, number>();
  let stacks = 0;
  for (const one of isMeanwhile ? allocating : dumps) {
    stacks += isMeanwhile ? (one.whileAllocating ?? 0) : one.dumps;
    for (const { frame, dumps: times } of one.frames) {
      frames.set(frame, (frames.get(frame) ?? 0) + times);
    }
  }
  const [most] = [...frames].sort((a, b) => b[1] - a[1]);
  if (most === undefined) {
    return "";
  }
  const whose = threads.length === 1 ? "its" : "their";
  const when = isMeanwhile ? " meanwhile" : "";
  const frame = cutMiddle(printable(most[0]), MAX_FRAME_WIDTH);
  const which =
    stacks === 1
      ? `${whose} only stack`
      : `${count(most[1])} of ${whose} ${plural(stacks, "stack")}`;
  return `; ${which} dumped${when} ${most[1] === 1 ? "is" : "are"} in ${frame}`;
}

const MAX_FRAME_WIDTH = 90;

/** A library has requested so much of all memory that it is worth naming. */
const DOMINANT_RATIO = 0.2;

/** The library that has requested most, as the sizes of its calls show; null if it is none, or little. */
export function dominantPattern({ findings, threads }: Report): string | null {
  const total = threads.reduce((sum, thread) => sum + thread.volumeBytes, 0);
  let found: { readonly name: string; readonly bytes: number } | null = null;
  for (const { kind, evidence } of findings) {
    const { pattern, volumeBytes } = evidence;
    if (
      kind === "known-pattern" &&
      typeof volumeBytes === "number" &&
      volumeBytes > (found?.bytes ?? 0)
    ) {
      found = { name: String(pattern), bytes: volumeBytes };
    }
  }
  if (found === null || found.bytes < DOMINANT_RATIO * total) {
    return null;
  }
  return `by their sizes, ${size(found.bytes)} (${percent(found.bytes / total)}) of all requests are ${found.name}.`;
}
