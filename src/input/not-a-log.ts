/**
 * Files that people have beside a log of calls, or take for one, with what to do instead. They are told by their first
 * bytes; archives and UTF-16 text are in compressions.ts.
 */
export interface OtherFile {
  /** "is …" */
  readonly is: string;
  /** an advice; FILE stands for the file's name */
  readonly instead: string;
}

interface Known extends OtherFile {
  /** matches the first bytes or lines */
  readonly sign: RegExp;
}

/** Bytes of a file that are looked at. */
const HEAD_BYTES = 16_384;
const MAGIC_BYTES = 32;

const RECORD = "record the calls instead: mallog record -- COMMAND";
const OBSERVED = "give it beside a log of calls: mallog malloc.log --observed FILE";
const UNPACKED = "extract the log from it first";

function known(is: string, instead: string, sign: RegExp): Known {
  return { is, instead, sign };
}

/** Told by their first bytes alone, here in hexadecimal: no text begins with them. */
const BINARIES: readonly Known[] = [
  known("a core dump", RECORD, /^7f454c46.{24}(?:0400|0004)/),
  known("a program or library", "record what it calls: mallog record -- FILE", /^7f454c46/),
  known("a profile of perf", RECORD, /^50455246494c4532/),
  known("a profile of memray", `read it by memray; ${RECORD}`, /^6d656d72617900/),
  known("a heap dump of the JVM (hprof)", RECORD, /^4a4156412050524f46494c4520312e/),
  known("a recording of Java Flight Recorder", RECORD, /^464c5200/),
  // A message's first field: the type and unit of samples, as indexes of strings.
  known("a profile of pprof", `read it by pprof; ${RECORD}`, /^0a0[2-8]08[0-7].10[0-7]./),
  known("a CTF trace, as of LTTng", "print it by babeltrace2 FILE", /^(?:c11ffcc1|c1fc1fc1)/),
  known(
    "a packet capture",
    "give the log of calls",
    /^(?:d4c3b2a1|a1b2c3d4|4d3cb2a1|0a0d0d0a.{8}(?:4d3c2b1a|1a2b3c4d))/,
  ),
  known("an SQLite database", UNPACKED, /^53514c69746520666f726d6174203300/),
  known("a journal of systemd", "print it: journalctl -o cat --file FILE", /^4c504b5348485248/),
  known("a PDF document", UNPACKED, /^255044462d/),
  known(
    "an image",
    "give the log of calls as text",
    /^(?:89504e470d0a|ffd8ff|474946383[79]61|52494646.{8}57454250)/,
  ),
  known("a Java class or a program of macOS", RECORD, /^(?:cafebabe|c[ef]faedfe)/),
  known("a program of Windows", "mallog models the malloc of Linux's glibc", /^4d5a..00/),
  known("an ar archive or Debian package", UNPACKED, /^213c617263683e0a/),
  known("a cpio archive or rpm package", UNPACKED, /^(?:30373037303[17]|edabeedb)/),
  known("a Parquet file", "export it as CSV with a header", /^50415231/),
];

/** Told by their first lines, where these have no call with a result. */
const TEXTS: readonly Known[] = [
  known("a heap profile of gperftools or Go", `read it by pprof; ${RECORD}`, /^heap profile: /),
  known("a heap profile of jemalloc", `read it by jeprof; ${RECORD}`, /^heap_v2\/\d/),
  known("statistics of jemalloc", RECORD, /^___ Begin jemalloc statistics ___|^\{\s*"jemalloc":/),
  known("statistics of tcmalloc or mimalloc", RECORD, /^-{20,}\nMALLOC:|^heap stats: +peak/),
  known("malloc_info() XML", OBSERVED, /^\s*<malloc version="/),
  known("output of mallinfo()", OBSERVED, /^arena *[=:] *\d+\n/),
  known("a copy of /proc/PID/smaps_rollup", OBSERVED, /^[\da-f]+-[\da-f]+ ---p .*\[rollup\]/),
  known("output of malloc_stats()", OBSERVED, /^Arena \d+:\nsystem bytes/),
  known(
    "a copy of /proc/PID/smaps",
    OBSERVED,
    /^[\da-f]+-[\da-f]+ [-rwxsp]{4} .*\n(?:Size|Rss): +\d+ kB/,
  ),
  known(
    "a copy of /proc/PID/maps",
    "give it beside a log, to name call sites: mallog malloc.log --maps FILE",
    /^[\da-f]+-[\da-f]+ [-rwxsp]{4} [\da-f]+ [\da-f]+:[\da-f]+ \d+/,
  ),
  known("output of pmap", OBSERVED, /^\d+: +\S.*\n(?:[\da-f]{8,16} +\d+K? [-rwxs]{5}| *Address +)/),
  known(
    "a copy of /proc/PID/status or meminfo",
    "copy /proc/PID/smaps instead, and give it beside a log: mallog malloc.log --observed smaps",
    /^Name:\t.*\n(?:Umask|State):|^MemTotal: +\d+ kB/,
  ),
  known("output of jcmd VM.native_memory", OBSERVED, /^(?:\d+:\s*)?Native Memory Tracking:/),
  known(
    "a thread dump of the JVM",
    "give it beside a log, to name threads: mallog malloc.log --jstack FILE",
    /^(?:\d+:\n|[\d-]+ [\d:]+\n)?Full thread dump /,
  ),
  known(
    "an error report of the JVM (hs_err)",
    RECORD,
    /^#\n# A fatal error has been detected by the Java Runtime|^#\n# There is insufficient memory for the Java/,
  ),
  known("a table of strace -c or ltrace -c", RECORD, /^% time +seconds +usecs\/call +calls/),
  known(
    "output of strace",
    `${RECORD}, or ltrace`,
    /^(?:\[pid +\d+\] |\d+ +)?(?:[\d:.]+ +)?(?:execve|brk|mmap2?|munmap|openat?|access|mprotect|read|write|close|futex|clone3?|arch_prctl|epoll_wait|poll)\(.*(?:\) += (?:-?\d|0x|\?)|<unfinished \.\.\.>)/,
  ),
  known(
    "output of gdb",
    "watch the process instead: mallog watch PID",
    /^(?:GNU gdb |\(gdb\) |Breakpoint \d+[, ]|\[Thread debugging using libthread_db|Reading symbols from )/,
  ),
  known("output of massif", `read it by ms_print; ${RECORD}`, /^desc: .*\ncmd: /),
  known(
    "output of callgrind or cachegrind",
    RECORD,
    /^(?:# callgrind format|version: \d+\ncreator: callgrind|desc: I1 cache)/,
  ),
  known("output of DHAT", RECORD, /^\{"dhatFileVersion":/),
  known("a report of a sanitizer", RECORD, /^=+\n==\d+==ERROR: |^==\d+==ERROR: /),
  known("a report of valgrind's memcheck", `${RECORD}, or valgrind --trace-malloc=yes`, /^==\d+==/),
  known(
    "a report of heaptrack_print",
    "give the recording itself: mallog heaptrack.PROGRAM.PID.zst",
    /^reading file "|^MOST CALLS TO ALLOCATION FUNCTIONS/,
  ),
  known(
    "a report of mtrace(1)",
    "give the log that MALLOC_TRACE named",
    /^(?:No memory leaks\.|Memory not freed:|- 0x[\da-f]+ Free \d+ was never alloc'd)/,
  ),
  known(
    "a report of bcc's memleak",
    RECORD,
    /^Attaching to (?:pid \d+|kernel allocators), Ctrl\+C to quit\./,
  ),
  known(
    "output of perf",
    RECORD,
    /^# To display the perf\.data header|^# ========\n# captured on|^\s*\S+ +\d+(?:\/\d+)? +(?:\[\d+\] +)?[\d.]+: +(?:\d+ +)?[\w-]+(?::\w+)?:/,
  ),
  known(
    "a report of mallog",
    "compare two of them: mallog diff BASE.json HEAD.json",
    /^\s*\{\s*"schema":\s*"mallog\.report\//,
  ),
  known(
    "a pointer of git-lfs",
    "fetch the file itself: git lfs pull",
    /^version https:\/\/git-lfs\.github\.com\//,
  ),
  known("an HTML page", "give the log of calls as text", /^\s*<(?:!doctype html|html)\b/i),
  known("an XML document", "give the log of calls as text", /^\s*<\?xml /),
  known(
    "a shell script or program text",
    "run it under the hook: mallog record -- FILE",
    /^#!\s*\//,
  ),
  known(
    "a list of processes",
    RECORD,
    /^(?:USER +PID +%CPU|top - \d+:\d+:\d+|\s*PID (?:TTY|USER))/,
  ),
];

/** A call that shows its block: such a log is read, whatever it begins with. */
const CALL =
  /alloc\w{0,40}\([^()\n]{0,200}\)\s{0,80}(?:=|->|:)\s{0,8}\(?(?:0x|nil|NULL|[\da-f]{5})|alloc\w{0,20}: \([\da-f]{1,16} <- [\da-f]{1,16}\) \w{1,20}=|free\((?:0x|nil|[\da-f]{5})/i;

/** What a file is that begins so and is no log of calls; null: it may be one. `isNamed`: the user says that it is one. */
export function otherFile(bytes: Buffer, isNamed = false): OtherFile | null {
  const hex = bytes.toString("hex", 0, MAGIC_BYTES);
  const binary = BINARIES.find(({ sign }) => sign.test(hex));
  const head = bytes.toString("utf8", 0, HEAD_BYTES);
  if (binary !== undefined || isNamed || CALL.test(head)) {
    return binary ?? null;
  }
  const text = head.replace(/^\ufeff/, "");
  return TEXTS.find(({ sign }) => sign.test(text)) ?? null;
}
