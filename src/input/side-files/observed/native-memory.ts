import type { JvmCategory } from "../../../trace/stated/observed-memory.ts";
import { cutOff, KIB, linesOf, type Read, several } from "./reader.ts";

/**
 * What jcmd PID VM.native_memory summary prints, of a JVM with -XX:NativeMemoryTracking=summary or detail; in KB, MB or GB
 * with scale=.
 *
 *     Native Memory Tracking:
 *
 *     Total: reserved=1225464KB, committed=54260KB
 *            malloc: 5852KB #5117
 *            mmap:   reserved=1219612KB, committed=48408KB
 *
 *     -                 Java Heap (reserved=32768KB, committed=32768KB)
 *                                 (mmap: reserved=32768KB, committed=32768KB)
 *     -                    Thread (reserved=6688KB, committed=684KB)
 *                                 (stack: reserved=6656KB, committed=652KB)
 *                                 (malloc=19KB #70) (peak=27KB #74)
 */
export function readNativeMemory(text: string): Read {
  if (/Native memory tracking is not enabled/i.test(text)) {
    return { error: "has no figures: the JVM runs without -XX:NativeMemoryTracking=summary" };
  }
  if (/^Detail tracking is not enabled/m.test(text)) {
    return { error: `has no figures; ${TAKE}` };
  }
  const titles = text.match(/^[ \t]*Native Memory Tracking:/gm) ?? [];
  if (titles.length !== 1) {
    return titles.length === 0 ? null : several("the figures of the JVM");
  }
  const categories: Open[] = [];
  let committedBytes: number | null = null;
  let unitBytes = 1;
  for (const line of linesOf(text)) {
    if (DETAILS.test(line)) {
      break;
    }
    if (DIFFERENCE.test(line)) {
      return { error: `is a diff; ${TAKE}` };
    }
    const total = /^Total: reserved=.*?, committed=(\d+)([KMG]?)B/.exec(line);
    if (total !== null) {
      committedBytes ??= bytesOf(total[1], total[2]);
      unitBytes = bytesOf("1", total[2]);
    }
    const [, name = "", size, unit] =
      /^- +(\S.*?) \(reserved=\d+[KMG]?B, committed=(\d+)([KMG]?)B/.exec(line) ?? [];
    if (name !== "") {
      categories.push({ name, committedBytes: bytesOf(size, unit), mallocBytes: 0 });
      continue;
    }
    const open = categories.at(-1);
    // Arenas are malloc'ed, too; the tracker counts them in their own line.
    for (const [, bytes, scale] of line.matchAll(/\((?:malloc|arena)=(\d+)([KMG]?)B/g)) {
      if (open !== undefined) {
        open.mallocBytes += bytesOf(bytes, scale);
      }
    }
  }
  if (committedBytes === null || categories.length === 0) {
    return { error: "has no figures of VM.native_memory summary" };
  }
  const listed = categories.reduce((sum, one) => sum + one.committedBytes, 0);
  if (committedBytes - listed > UNLISTED_UNITS * unitBytes) {
    return cutOff("categories of what is committed");
  }
  return {
    ok: {
      kind: "native_memory",
      committedBytes,
      categories,
    },
  };
}

const TAKE = "take jcmd PID VM.native_memory summary";

/** What follows the summary: each mapping and call site. */
const DETAILS = /^(Virtual memory map|Details):/;

const DIFFERENCE = /(reserved|committed|malloc|arena)=\d+[KMG]?B [+-]\d/;

/** Each category is rounded, and those below a unit are not listed; a JVM has fewer than so many. */
const UNLISTED_UNITS = 64;

type Open = { -readonly [Key in keyof JvmCategory]: JvmCategory[Key] };

const UNITS: Readonly<Record<string, number>> = { "": 1, K: KIB, M: KIB ** 2, G: KIB ** 3 };

function bytesOf(number = "0", unit = ""): number {
  return Number(number) * (UNITS[unit] ?? 1);
}
