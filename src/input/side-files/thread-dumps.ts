import {
  type DumpDate,
  type DumpedThread,
  dumpDate,
  MAX_FRAMES,
  type ThreadDump,
} from "../../trace/stated/thread-dump.ts";

/**
 * Thread dumps of HotSpot, as jstack, jcmd PID Thread.print and kill -3 write them. A file may have several, among lines of
 * the program:
 *
 *     2026-11-30 01:29:00
 *     Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):
 *
 *     "main" #1 prio=5 os_prio=0 cpu=24.71ms elapsed=1.38s tid=0x00007fecc0017ea0 nid=0x68f9 runnable  [0x00007fecc6bfe000]
 *        java.lang.Thread.State: RUNNABLE
 *     	at java.util.zip.Inflater.inflateBytesBytes(java.base@17.0.15/Native Method)
 *
 * `nid` is the kernel's id of the thread: hexadecimal up to JDK 20, decimal from JDK 21 on. JDK 8 has neither `cpu` nor
 * `elapsed`. The header of older ones has another order of words, but always `nid`. `jstack -F` of JDK 8 writes
 * `Thread 26873: (state = BLOCKED)`, and names no threads.
 */
const HEADER = "Full thread dump ";
const FORCED_HEADER = "Deadlock Detection:";
const FORCED_THREAD = /^Thread (\d{1,10}): \(state = ([A-Z_]{1,40})\)/;

/** What `docker logs -t` and the kubelet write before each line of a container's output. */
const CONTAINER_PREFIX = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{1,9}Z (?:std(?:out|err) [FP] )?/;

/** Characters of a line that are read: a name may be long, but not that long. */
const LONGEST_LINE = 8192;

/** A dump while it is read. */
interface OpenDump {
  readonly date: DumpDate | null;
  readonly jvm: string | null;
  readonly threads: OpenThread[];
}

interface OpenThread extends DumpedThread {
  state: string | null;
  readonly frames: string[];
}

/** The thread dumps in a text, in their order; none if it has none with the kernel's ids of threads. */
export function threadDumpsIn(text: string, source: string): ThreadDump[] {
  const dumps: OpenDump[] = [];
  let thread: OpenThread | null = null;
  let date: DumpDate | null = null;
  for (const whole of text.split("\n")) {
    const prefix = CONTAINER_PREFIX.exec(whole);
    const line = whole.slice(prefix?.[0].length ?? 0, LONGEST_LINE).trimEnd();
    const at = line.indexOf(HEADER);
    if (at === 0 || line === FORCED_HEADER) {
      const written = prefix === null ? null : dateIn(prefix[1] ?? "", true);
      dumps.push({ date: date ?? written, jvm: versionIn(line.slice(HEADER.length)), threads: [] });
      thread = null;
      continue;
    }
    date = dateIn(line, false) ?? (line === "" ? date : null);
    const opened = dumps.at(-1);
    if (opened === undefined) {
      continue;
    }
    const next = threadIn(line);
    if (next !== null) {
      opened.threads.push(next);
      thread = next;
    } else if (thread !== null) {
      thread = within(thread, line) ? thread : null;
    }
  }
  return dumps.flatMap((dump) =>
    dump.threads.length === 0 ? [] : [{ source, kind: "dump" as const, ...dump }],
  );
}

/** Reads a line below the header of a thread. Returns false if it is no longer about the thread. */
function within(thread: OpenThread, line: string): boolean {
  const text = line.trimStart();
  if (text.startsWith("java.lang.Thread.State: ")) {
    thread.state = /^[A-Z_]{1,40}/.exec(text.slice("java.lang.Thread.State: ".length))?.[0] ?? null;
  } else if (text.startsWith("at ") && thread.frames.length < MAX_FRAMES) {
    thread.frames.push(frameIn(text.slice("at ".length)));
  } else if (
    text.startsWith("- ") &&
    FORCED_FRAME.test(text) &&
    thread.frames.length < MAX_FRAMES
  ) {
    thread.frames.push(text.slice(2).replace(/ @bci=.*$/, ""));
  }
  return line !== "";
}

/** jstack -F: ` - java.lang.Object.wait(long) @bci=0 (Compiled frame)` */
const FORCED_FRAME = /^- \S.{0,400}? @bci=\d/;

/** Without the module and its version, so that dumps of different versions agree. */
function frameIn(text: string): string {
  return text.replace(/\((?:[\w.]{1,100}@[\w.+-]{1,60}\/)/, "(");
}

/** The thread whose header a line is; null if it is none. */
function threadIn(line: string): OpenThread | null {
  if (!line.startsWith('"')) {
    const [, tid, state] = FORCED_THREAD.exec(line) ?? [];
    return tid === undefined || state === undefined
      ? null
      : { tid: Number(tid), name: null, state, frames: [], age: null };
  }
  // A name may hold quotation marks, and even " nid=": what HotSpot writes comes last.
  const nidAt = line.lastIndexOf(" nid=");
  const nameEnd = line.lastIndexOf('"', nidAt);
  const [, nid, status] =
    /^ nid=(0x[0-9a-f]{1,8}|\d{1,10})(?: (.*))?$/.exec(line.slice(nidAt)) ?? [];
  if (nidAt < 0 || nameEnd < 1 || nid === undefined) {
    return null;
  }
  const [, age] = / elapsed=(\d{1,12}(?:\.\d{1,9})?)s /.exec(line.slice(nameEnd, nidAt + 1)) ?? [];
  return {
    tid: Number(nid),
    name: line.slice(1, nameEnd) || null,
    // Threads of the VM itself have no Thread.State.
    state: (status ?? "").replace(/ *\[0x[0-9a-f]*\]$/, "").trim() || null,
    frames: [],
    age: age === undefined ? null : Number(age),
  };
}

/**
 * The version in "OpenJDK 64-Bit Server VM (17.0.15+6-Debian-1deb12u1 mixed mode, sharing):". JDK 8u402 and older state that
 * of HotSpot, 25.402-b06.
 */
function versionIn(rest: string): string | null {
  const [, version] = / VM \((\d[\w.+-]{0,40})/.exec(rest.slice(0, 200)) ?? [];
  const [, update] = /^25\.(\d{1,3})-b/.exec(version ?? "") ?? [];
  return update === undefined ? (version?.split("-")[0] ?? null) : `8u${update}`;
}

/** The date that a line consists of. */
function dateIn(line: string, isUtc: boolean): DumpDate | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)$/.exec(line);
  return parts === null ? null : dumpDate(parts.slice(1).map(Number), isUtc);
}
