import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { InputError } from "../../src/input/input-error.ts";
import { otherFile } from "../../src/input/not-a-log.ts";
import { readLog } from "../../src/input/read-log.ts";
import { CollectingSink } from "../support/collect.ts";

/** First bytes, and what the file is said to be. The texts are those of the tools in Debian 12. */
const FILES: readonly (readonly [begin: string, is: string])[] = [
  ["\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0", "a program or library"],
  ["\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0>\0", "a core dump"],
  ["PERFILE2h\0\0\0", "a profile of perf"],
  ["JAVA PROFILE 1.0.2\0\0\0", "a heap dump of the JVM (hprof)"],
  ["\n\x04\x08\x01\x10\x02\n\x04\x08\x03\x10\x04", "a profile of pprof"],
  ["SQLite format 3\0\x10\0", "an SQLite database"],
  ["\xd4\xc3\xb2\xa1\x02\0\x04\0", "a packet capture"],
  ["LPKSHHRH\0\0\0\0", "a journal of systemd"],
  ["%PDF-1.7\n", "a PDF document"],
  ["\x89PNG\r\n\x1a\n", "an image"],
  [
    "heap profile:     18:    94360 [   128:  1184456] @ heapprofile\n",
    "a heap profile of gperftools or Go",
  ],
  ["heap_v2/524288\n  t*: 28106: 56637512 [0: 0]\n", "a heap profile of jemalloc"],
  ['<malloc version="1">\n<heap nr="0">\n', "malloc_info() XML"],
  ["Arena 0:\nsystem bytes     =     135168\n", "output of malloc_stats()"],
  [
    "55d0c0a2d000-55d0c0a4e000 rw-p 00000000 00:00 0   [heap]\nSize:                132 kB\n",
    "a copy of /proc/PID/smaps",
  ],
  [
    "55d0c0a2d000-7ffd2b5f9000 ---p 00000000 00:00 0   [rollup]\nRss:     900 kB\n",
    "a copy of /proc/PID/smaps_rollup",
  ],
  ["55d0c0a2d000-55d0c0a4e000 rw-p 00000000 00:00 0   [heap]\n55d0c0b", "a copy of /proc/PID/maps"],
  ["4711:   sleep 5\n000055d0c0a2d000     132K rw---   [ anon ]\n", "output of pmap"],
  ["4711:   sleep 5\nAddress           Kbytes     RSS   Dirty Mode  Mapping\n", "output of pmap"],
  [
    'execve("./st", ["./st"], 0x7ffd /* 20 vars */) = 0\nbrk(NULL) = 0x55d0c0a2d000\n',
    "output of strace",
  ],
  ["11603 17:10:34.929701 brk(NULL) = 0x55d0c0a2d000\n", "output of strace"],
  ["% time     seconds  usecs/call     calls      function\n", "a table of strace -c or ltrace -c"],
  ["GNU gdb (Debian 13.1-3) 13.1\n", "output of gdb"],
  [
    "Breakpoint 1, malloc (bytes=1470) at malloc.c:3287\n#0  malloc (bytes=1470)\n",
    "output of gdb",
  ],
  ["desc: (none)\ncmd: ./st\ntime_unit: i\n", "output of massif"],
  ['{"dhatFileVersion":2\n', "output of DHAT"],
  ["==11603== Memcheck, a memory error detector\n", "a report of valgrind's memcheck"],
  [
    "=================================================================\n==7==ERROR: LeakSanitizer: detected memory leaks\n",
    "a report of a sanitizer",
  ],
  ['reading file "heaptrack.st.1.zst" - please wait\n', "a report of heaptrack_print"],
  ["\nMemory not freed:\n-----------------\n".trimStart(), "a report of mtrace(1)"],
  ['{\n  "schema": "mallog.report/1",\n', "a report of mallog"],
  ["Native Memory Tracking:\n\nTotal: reserved=1KB\n", "output of jcmd VM.native_memory"],
  ["2026-11-23 10:00:00\nFull thread dump OpenJDK 64-Bit Server VM\n", "a thread dump of the JVM"],
  ["version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a pointer of git-lfs"],
];

describe("files that are no log of calls", () => {
  test.each(FILES)("%j is %s", (begin, is) => {
    expect(otherFile(Buffer.from(begin, "latin1"))?.is).toBe(is);
  });

  test("begin as they do on this machine", () => {
    expect(otherFile(readFileSync("/proc/self/smaps"))?.is).toBe("a copy of /proc/PID/smaps");
    expect(otherFile(readFileSync("/proc/self/maps"))?.is).toBe("a copy of /proc/PID/maps");
    expect(otherFile(readFileSync(process.execPath).subarray(0, 4096))?.is).toBe(
      "a program or library",
    );
  });

  test.skipIf(!existsSync("/usr/bin/strace"))("strace's output is named (needs strace)", () => {
    const { stderr } = spawnSync("strace", ["true"]);
    expect(otherFile(stderr)?.is).toBe("output of strace");
  });

  test("a log is read, whatever text it begins with", () => {
    const begins = FILES.map(([begin]) => begin).filter((begin) => !/[\0\x89]/.test(begin));
    for (const begin of [
      "GNU gdb (Debian 13.1-3) 13.1\n",
      ...begins.filter((one) => one.startsWith("==")),
    ]) {
      expect(otherFile(Buffer.from(`${begin}7 malloc(20) = 0x55d0c0a2d2a0\n`))).toBeNull();
    }
  });

  test("a user's word counts more than a text, but not than other bytes", () => {
    expect(otherFile(Buffer.from("heap profile: 1\n"), true)).toBeNull();
    expect(otherFile(Buffer.from("\x7fELF\x02\x01\x01\0"), true)).not.toBeNull();
  });

  test("reading one throws, with what to do instead", async () => {
    const stdin = Readable.from([Buffer.from("heap_v2/524288\n")]);
    const reading = readLog({ names: ["-"], stdin }, new CollectingSink(), new Diagnostics());
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(
      "-: is a heap profile of jemalloc, no log of calls; read it by jeprof; record the calls instead: mallog record -- COMMAND",
    );
  });

  test.each(["a log\n", "7 0.1 free(0x10)\n", "", "\n\n", "[1,2]\n"])("%j may be a log", (text) => {
    expect(otherFile(Buffer.from(text))).toBeNull();
  });
});
