import { describe, expect, test } from "vitest";
import { Op } from "../../../src/trace/event.ts";
import { numberOfName } from "../../../src/trace/stated/caller-names.ts";
import { type ReadEvent, scanInferred } from "../../support/collect.ts";

/** A call as a test states it: what is not in the line is left out. */
interface Expected {
  readonly op: string;
  readonly tid?: number;
  /** µs */
  readonly time?: number;
  readonly caller?: number;
  readonly size?: number;
  readonly align?: number;
  readonly in?: number;
  readonly out?: number;
}

const NAMES = new Map(Object.entries(Op).map(([name, op]) => [op as number, name]));

function shown({ op, tid, time, caller, size, align, pointerIn, pointerOut }: ReadEvent): Expected {
  return {
    op: NAMES.get(op) ?? "",
    ...(tid === 0 ? {} : { tid }),
    ...(Number.isNaN(time) ? {} : { time: Math.round(time) }),
    ...(caller === 0 ? {} : { caller }),
    ...(size === 0 ? {} : { size }),
    ...(align === 0 ? {} : { align }),
    ...(pointerIn === 0 ? {} : { in: pointerIn }),
    ...(pointerOut === 0 ? {} : { out: pointerOut }),
  };
}

async function read(text: string) {
  const { events, notes, diagnostics } = await scanInferred([Buffer.from(text)]);
  const { total, parsed, comments, malformed, blank } = diagnostics.lines;
  expect(parsed + comments + malformed + blank).toBe(total);
  return { calls: events.map(shown), events, notes, diagnostics };
}

const FIRST_NAME = numberOfName(0);
const SECOND_NAME = numberOfName(1);
const A = 0x5581000002a0;
const B = 0x558100000310;
const [a, b] = ["0x5581000002a0", "0x558100000310"];
const MALLOC = { op: "malloc", size: 100, out: A };
const FREE = { op: "free", in: A };

const LOGS: readonly (readonly [
  kind: string,
  format: string,
  text: string,
  calls: readonly Expected[],
])[] = [
  [
    "probes of perf, of two threads at once",
    "perf",
    [
      "  my app  12 [000]   84.000017: probe_libc:malloc: (7f11cdda8000) bytes=0x64",
      "  my app  13 [001]   84.000018:     probe_libc:malloc: (7f11cdda8000) bytes=8",
      `  my app  12 [000]   84.000019: probe_libc:malloc__return: (7f11cdda8000 <- 5581a2b01234) ptr=${a}`,
      `  my app  13 [001]   84.000020: probe_libc:malloc__return: (7f11cdda8000 <- 5581a2b01234) ptr=${b}`,
      `  my app  12 [000]   84.000021: probe_libc:free: (7f11cdda9000) mem=${a}`,
      `  my app  13 [000]   84.000022: probe_libc:realloc: (7f11cdda9000) bytes=9 oldmem=${b}`,
      `  my app  13 [000]   84.000023: probe_libc:realloc__return: (7f11cdda9000 <- 10) ptr=${a}`,
      "",
    ].join("\n"),
    [
      { ...MALLOC, tid: 12, time: 84_000_019, caller: 0x5581a2b01234 },
      { op: "malloc", size: 8, out: B, tid: 13, time: 84_000_020, caller: 0x5581a2b01234 },
      { ...FREE, tid: 12, time: 84_000_021 },
      { op: "realloc", size: 9, in: B, out: A, tid: 13, time: 84_000_023, caller: 16 },
    ],
  ],
  [
    "SystemTap's printf, whose frees have one name",
    "logfmt",
    `app malloc size=100 ptr=${a}\napp free ptr=${a}\n`,
    [MALLOC, FREE],
  ],
  [
    "words",
    "records",
    `Allocated 100 bytes at ${a}\nReallocated ${a} to 8 bytes at ${b}\nFreed memory at ${b}\n`,
    [MALLOC, { op: "realloc", size: 8, in: A, out: B }, { op: "free", in: B }],
  ],
  [
    "LTTng's malloc tracepoints, by babeltrace",
    "logfmt",
    [12, 13, 12, 13]
      .map((tid, i) => {
        const time = `[07:05:43.0000${i}7000] (+0.00000${9 - i}000)`;
        const context = `{ cpu_id = 1 }, { vpid = 7, vtid = ${tid} }`;
        return i % 2 === 0
          ? `${time} host lttng_ust_libc:malloc: ${context}, { size = 100, ptr = ${a} }\n`
          : `${time} host lttng_ust_libc:free: ${context}, { ptr = ${a} }\n`;
      })
      .join(""),
    [
      { ...MALLOC, tid: 12, time: 25_543_000_007 },
      { ...FREE, tid: 13, time: 25_543_000_017 },
      { ...MALLOC, tid: 12, time: 25_543_000_027 },
      { ...FREE, tid: 13, time: 25_543_000_037 },
    ],
  ],
  [
    "ltrace with a module",
    "ltrace",
    `st->malloc(100)   = ${a}\nst->free(${a})   = <void>\n+++ exited (status 0) +++\n`,
    [MALLOC, FREE],
  ],
  [
    "ltrace with other functions",
    "ltrace",
    `strlen("a) = 5 b(")                            = 7\nmalloc(100)                                      = ${a}\nfree(${a})                             = <void>\n`,
    [MALLOC, FREE],
  ],
  [
    "ltrace -f on a terminal",
    "ltrace",
    `[pid 7] st->malloc(100 <unfinished ...>\n[pid 8] st->free(${b}) = <void>\n[pid 7] <... malloc resumed> ) = ${a}\n`,
    [
      { op: "free", tid: 8, in: B },
      { ...MALLOC, tid: 7 },
    ],
  ],
  [
    "ltrace: a free counts from its beginning",
    "ltrace",
    `7 free(${a} <unfinished ...>\n8 malloc(100) = ${a}\n7 <... free resumed> ) = <void>\n`,
    [
      { ...FREE, tid: 7 },
      { ...MALLOC, tid: 8 },
    ],
  ],
  [
    "ltrace -ttt -i -T",
    "ltrace",
    `1796058635.351932 [0x401136] st->malloc(100) = ${a} <0.000148>\n`,
    [{ ...MALLOC, time: 1796058635351932, caller: 0x401136 }],
  ],
  [
    "ltrace -r",
    "ltrace",
    `  0.000000 st->malloc(100) = ${a}\n  0.000209 st->free(${a}) = <void>\n  0.000001 st->free(0) = <void>\n`,
    [
      { ...MALLOC, time: 0 },
      { ...FREE, time: 209 },
      { op: "free", time: 210 },
    ],
  ],
  [
    "ltrace -C",
    "ltrace",
    `cxx->operator new(unsigned long)(100, 0x7ffe, 1, 2) = ${a}\ncxx->operator new(unsigned long, void*)(100, ${b}, 1, 2) = ${b}\ncxx->operator delete(void*, unsigned long)(${a}, 100) = <void>\n`,
    [MALLOC, FREE],
  ],
  [
    "ltrace -x: the inner call counts",
    "ltrace",
    `_Znwm(100, 1, 2 <unfinished ...>\nmalloc@libc.so.6(100) = ${a}\n<... _Znwm resumed> ) = ${a}\n_ZdlPv(${a}, 1 <unfinished ...>\nfree@libc.so.6(${a}) = <void>\n<... _ZdlPv resumed> ) = <void>\n`,
    [MALLOC, FREE],
  ],
  [
    "mtrace",
    "mtrace",
    `= Start\n@ ./st:[0x126b] + ${a} 0x64\n@ ./st:(main+bc)[0x12e4] < ${a}\n@ ./st:(main+bc)[0x12e4] > ${b} 0xc8\n@ [0x401136] - ${b}\n= End\n`,
    [
      { ...MALLOC, caller: FIRST_NAME },
      { op: "realloc", caller: SECOND_NAME, size: 200, in: A, out: B },
      { op: "free", caller: 0x401136, in: B },
    ],
  ],
  [
    "mtrace: a failed realloc",
    "mtrace",
    `@ ./st:[0x1] + ${a} 0x64\n@ ./st:[0x1] ! ${a} 0x7fffffff\n`,
    [
      { ...MALLOC, caller: FIRST_NAME },
      { op: "realloc", caller: FIRST_NAME, size: 0x7fffffff, in: A },
    ],
  ],
  ["mtrace's signs without places", "mtrace", `+ ${a} 0x64\n- ${a}\n`, [MALLOC, FREE]],
  [
    "CS:APP's .rep",
    "records",
    "20000\n2\n4\n1\na 0 512\nr 0 640\na 1 16\nf 0\nf -1\n",
    [
      { op: "malloc", size: 512, out: 2 ** 44 },
      { op: "realloc", size: 640, in: 2 ** 44, out: 2 ** 44 },
      { op: "malloc", size: 16, out: 2 ** 44 + 16 },
      { op: "free", in: 2 ** 44 },
      { op: "free" },
    ],
  ],
  [
    "Android's records",
    "records",
    `100: malloc ${a} 100\n101: realloc ${b} ${a} 150\n101: calloc 0x558100000600 10 20\n101: memalign 0x558100000800 64 30\n100: free ${b}\n100: thread_done 0x0\n`,
    [
      { ...MALLOC, tid: 100 },
      { op: "realloc", tid: 101, size: 150, in: A, out: B },
      { op: "calloc", tid: 101, size: 200, out: 0x558100000600 },
      { op: "memalign", tid: 101, size: 30, align: 64, out: 0x558100000800 },
      { op: "free", tid: 100, in: B },
      { op: "threadExit", tid: 100 },
    ],
  ],
  [
    "Android's records with times",
    "records",
    `100: malloc ${a} 100 1652346000123 1652346000999\n100: free ${a} 1652346001123 1652346001999\n`,
    [
      { ...MALLOC, tid: 100 },
      { ...FREE, tid: 100 },
    ],
  ],
  [
    "records: size first",
    "records",
    `+ malloc 100 ${a} [85:160]!\n+ free -100 ${a} [1:2]\n`,
    [MALLOC, FREE],
  ],
  [
    "records: realloc takes the live block",
    "records",
    `malloc 100 ${a}\nrealloc ${a} 200 ${b}\nfree ${b}\n`,
    [MALLOC, { op: "realloc", size: 200, in: A, out: B }, { op: "free", in: B }],
  ],
  [
    "records of single letters, with callers",
    "records",
    `m ${a} 0x0000000000000064 0x0000558100000900 0x0000558100000a00\nf ${a} 0x0000000000000000 0x0000558100000900 0x0000558100000a00\n`,
    [MALLOC, FREE],
  ],
  [
    "records whose fields are 0 where an operation has none",
    "records",
    `malloc 100 0x0 ${a}\ncalloc 64 0x0 ${b}\nfree 0 ${a} 0x0\n`,
    [MALLOC, { op: "calloc", size: 64, out: B }, FREE],
  ],
  [
    "an operation before named fields, of which not all are arguments",
    "logfmt",
    `malloc pid=6 tid=7 size=100 ret=${a}\nfree pid=6 tid=7 ptr=${a}\n`,
    [
      { ...MALLOC, tid: 7 },
      { ...FREE, tid: 7 },
    ],
  ],
  [
    "logfmt in any order",
    "logfmt",
    `level=info tid=7 size=100 op=malloc ts=1.5 ptr=${a}\nop=free ptr=${a} tid=7 ts=2.5\n`,
    [
      { ...MALLOC, tid: 7, time: 1_500_000 },
      { ...FREE, tid: 7, time: 2_500_000 },
    ],
  ],
  [
    "logfmt behind a time, with arguments",
    "logfmt",
    `2026-11-30T07:05:43.5Z INFO x: func=calloc args="2, 50" ret=${a}\n2026-11-30T07:05:44.5Z INFO x: func=free args="${a}"\n`,
    [
      { ...MALLOC, op: "calloc", time: 25_543_500_000 },
      { ...FREE, time: 25_544_500_000 },
    ],
  ],
  [
    "names and values with colons",
    "logfmt",
    `tid: 7, malloc, size: 100 bytes, ptr: ${a}\ntid: 7, realloc, old: ${a}, size: 200, ptr: ${b}\n`,
    [
      { ...MALLOC, tid: 7 },
      { op: "realloc", tid: 7, size: 200, in: A, out: B },
    ],
  ],
  [
    "logfmt whose only size is n, and elements where there is a size",
    "logfmt",
    `fn=malloc n=100 p=${a} t=12ms\nfn=calloc n=4 size=50 p=${b} t=13ms\n`,
    [
      { ...MALLOC, time: 12_000 },
      { op: "calloc", time: 13_000, size: 200, out: B },
    ],
  ],
  [
    "records behind other columns",
    "records",
    `12:00:01.5 7 malloc 100 ${a}\n12:00:02.5 8 free ${a}\n`,
    [
      { ...MALLOC, tid: 7, time: 43_201_500_000 },
      { ...FREE, tid: 8, time: 43_202_500_000 },
    ],
  ],
  [
    "records behind @[tid]",
    "records",
    `@[7] malloc 100 ${a}\n@[8] free ${a}\n`,
    [
      { ...MALLOC, tid: 7 },
      { ...FREE, tid: 8 },
    ],
  ],
  ["records behind signs", "records", `!!! malloc 100 ${a}\n!!! free ${a}\n`, [MALLOC, FREE]],
  [
    "records in words",
    "records",
    `[7] malloc: allocated 100 bytes at ${a}\n[7] free: freed ${a}\n`,
    [
      { ...MALLOC, tid: 7 },
      { ...FREE, tid: 7 },
    ],
  ],
  [
    "records without 0x",
    "records",
    `malloc 558100000310 100\nmalloc 5581000002a0 100\nfree 558100000310\n`,
    [{ op: "malloc", size: 100, out: B }, MALLOC, { op: "free", in: B }],
  ],
  [
    "results on the next line",
    "returns",
    `malloc(0x64)\n  returns ${a}\nfree(${a})\n`,
    [MALLOC, FREE],
  ],
  [
    "results on the next line, of threads",
    "returns",
    `[7] malloc(0x64)\n[8] calloc(0x2, 0x8)\n[7]   returns ${a}\n[8]   returns ${b}\n`,
    [
      { ...MALLOC, tid: 7 },
      { op: "calloc", tid: 8, size: 16, out: B },
    ],
  ],
  [
    "valgrind",
    "valgrind",
    `==7== Memcheck, a memory error detector\n--7-- malloc(100) = ${a}\n--7-- realloc(0x0,45)malloc(45) = ${b}\n--7-- memalign(al 64, size 200) = 0x4A41380\n--7-- free(${a})\n`,
    [
      { ...MALLOC, tid: 7 },
      { op: "malloc", tid: 7, size: 45, out: B },
      { op: "memalign", tid: 7, size: 200, align: 64, out: 0x4a41380 },
      { ...FREE, tid: 7 },
    ],
  ],
  [
    "logalloc, munged",
    "logalloc",
    "1 1 malloc(42)=#1\n1 2 realloc(#1,84)=#2\n1 1 free(#2)\n1 1 jemalloc_stats()\n",
    [
      { op: "malloc", tid: 1, size: 42, out: 2 ** 44 + 16 },
      { op: "realloc", tid: 2, size: 84, in: 2 ** 44 + 16, out: 2 ** 44 + 32 },
      { op: "free", tid: 1, in: 2 ** 44 + 32 },
    ],
  ],
  [
    "heaptrack, raw",
    "heaptrack",
    "v 10400 3\nx 2 st\nt 401136 0\n+ 64 1 5581000002a0\nc 2\n- 5581000002a0\nR 1f\n",
    [
      { ...MALLOC, time: 0, caller: 0x401136 },
      { ...FREE, time: 2000 },
    ],
  ],
  [
    "heaptrack, interpreted",
    "heaptrack",
    "v 10400 3\ns 4 main\ns 8 /s/st.c\ni 401136 0 1 2 5\nt 1 0\na 64 1\n+ 0\n+ 0\n- 0\n",
    [
      { op: "malloc", time: 0, caller: FIRST_NAME, size: 100, out: 2 ** 44 },
      { op: "malloc", time: 0, caller: FIRST_NAME, size: 100, out: 2 ** 44 + 16 },
      { op: "free", time: 0, in: 2 ** 44 + 16 },
    ],
  ],
  [
    "uftrace",
    "uftrace",
    `# DURATION     TID      TIMESTAMP       FUNCTION\n   1.597 us [  7]  2921.521854726 | malloc(100) = ${a};\n            [  7]  2921.521854826 | calloc(2, 8) {\n            [  7]  2921.521854926 |   /* linux:schedule */\n   9.597 us [  7]  2921.521855726 | } = ${b}; /* calloc */\n            [  8]  2921.521856726 | free(${a}) {\n            [  8]  2921.521857726 | } /* free */\n`,
    [
      { ...MALLOC, tid: 7, time: 2921521855 },
      { op: "calloc", tid: 7, time: 2921521856, size: 16, out: B },
      { ...FREE, tid: 8, time: 2921521857 },
    ],
  ],
  [
    "JSON lines",
    "json-lines",
    `{"tid":7,"ts":1796060041132888,"op":"malloc","size":100,"ptr":"${a}","old":"(nil)"}\n{"tid":7,"ts":1796060041132999,"op":"free","size":0,"ptr":"${a}"}\n`,
    [
      { ...MALLOC, tid: 7, time: 1796060041132888 },
      { ...FREE, tid: 7, time: 1796060041132999 },
    ],
  ],
  [
    "JSON lines with arguments, in an array",
    "json-lines",
    `[\n{"func":"malloc","args":[100],"ret":"${a}"},\n{"func":"realloc","args":["${a}",200],"ret":"${b}"}\n]\n`,
    [MALLOC, { op: "realloc", size: 200, in: A, out: B }],
  ],
  [
    "CSV of MemFragX",
    "csv",
    `ts_ns,event,ptr,size,tid\n1796060026445713000,ALLOC,${a},100,7\n1796060026445719000,FREE,${a},,7\n`,
    [
      { ...MALLOC, tid: 7, time: 1796060026445713 },
      { ...FREE, tid: 7, time: 1796060026445719 },
    ],
  ],
  [
    "CSV with quotes and other names",
    "csv",
    `"Function","Old Ptr","Address","Bytes","Caller"\n"malloc","","${a}","100","f(int, int)"\n"realloc","${a}","${b}","200","f(int, int)"\n`,
    [
      { ...MALLOC, caller: FIRST_NAME },
      { op: "realloc", caller: FIRST_NAME, size: 200, in: A, out: B },
    ],
  ],
  ["TSV", "csv", `op\taddr\tsize\nmalloc\t${a}\t100\nfree\t${a}\t\n`, [MALLOC, FREE]],
  [
    "CSV without names",
    "csv",
    `1796060026.445713,7,malloc,100,${a},(nil)\n1796060026.445714,7,realloc,200,${b},${a}\n1796060026.445719,7,free,0,${b},(nil)\n`,
    [
      { ...MALLOC, tid: 7, time: 1796060026445713 },
      { op: "realloc", tid: 7, time: 1796060026445714, size: 200, in: A, out: B },
      { op: "free", tid: 7, time: 1796060026445719, in: B },
    ],
  ],
];

describe("foreign formats", () => {
  test.each(LOGS)("%s", async (_, format, text, calls) => {
    const found = await read(text);
    expect(found.diagnostics.format.name).toBe(format);
    expect(found.diagnostics.samples).toEqual([]);
    expect(found.calls).toEqual(calls);
  });

  test("lines that are not whole are malformed, and shown with their numbers", async () => {
    const { diagnostics } = await read(
      `= Start\n@ ./st:[0x1] + ${a} 0x64\n@ ./st:[0x1] + ${b}\n@ ./st:[0x1] > ${b} 0x1\nhello\n\n`,
    );
    expect(diagnostics.samples.map(({ line }) => line)).toEqual([3, 4, 5]);
    expect(diagnostics.lines).toEqual({ total: 6, parsed: 1, comments: 1, malformed: 3, blank: 1 });
  });

  test("posix_memalign without its block's address is not read", async () => {
    const { diagnostics } = await read(
      `st->malloc(100) = ${a}\nst->posix_memalign(0x7ffd, 64, 100, 11) = 0\n`,
    );
    expect(diagnostics.unreadCalls.memalign.lines).toBe(1);
  });

  test("blocks that are only numbered are no addresses", async () => {
    const { notes, diagnostics } = await read("a 0 512\nf 0\n");
    expect(notes.map(({ text }) => text)).toEqual(["calls program", "addresses none"]);
    expect(diagnostics.format.addresses).toBe("none");
  });

  test.each([
    [
      "Android's, whose blocks are bionic's",
      `100: malloc ${a} 48\n100: thread_done 0x0\n`,
      "bionic",
    ],
    ["a hook's in Android's form", `100: malloc ${a} 48\n100: free ${a}\n`, "glibc"],
    ["a hook's, with the size first", `100: malloc 48 ${a}\n100: free ${a}\n`, "glibc"],
    ["a hook's, without threads", `malloc ${a} 48\nfree ${a}\n`, "glibc"],
  ])("records are %s", async (_, text, addresses) => {
    expect((await read(text)).diagnostics.format.addresses).toBe(addresses);
  });

  test("a trace without frees, and with large sizes, has numbered blocks", async () => {
    const { calls, diagnostics } = await read("4\n2\n2\n1\na 0 131072\na 1 262144\n");
    expect(calls.map(({ size }) => size)).toEqual([131_072, 262_144]);
    expect(diagnostics.format.addresses).toBe("none");
  });

  test("a realloc that does not tell its old block keeps the one in its place", async () => {
    const { calls, diagnostics } = await read(
      `op,ptr,size\nmalloc,${a},100\nrealloc,${a},120\nrealloc,${b},900\n`,
    );
    expect(calls).toEqual([
      MALLOC,
      { op: "realloc", size: 120, in: A, out: A },
      { op: "realloc", size: 900, out: B },
    ]);
    expect(diagnostics.format.remarks.join()).toContain("realloc's old block is not in this log");
  });

  test("named threads get numbers, and keep their names", async () => {
    const { calls, notes } = await read(
      `thread,op,ptr,size\nmain,malloc,${a},100\nworker-1,free,${a},\n`,
    );
    expect(calls).toEqual([
      { ...MALLOC, tid: 1 },
      { ...FREE, tid: 2 },
    ]);
    expect(notes.map(({ text }) => text)).toEqual([
      "calls program",
      "thread 1 main",
      "thread 2 worker-1",
    ]);
  });

  test.each([
    ["native lines", `7 0.1 malloc(100) = ${a}\n7 0.2 free(${a})\n`],
    ["lines with a prefix", `[HOOK] malloc(100) = ${a}\n[HOOK] free(${a})\n`],
    ["words", "a quick brown fox\nf is a letter\n"],
    ["sentences with numbers", "INFO heap allocated 500 used 300 free 200\nINFO free 7 of 9\n"],
    ["pairs that are no log", "level=info msg=malloc a=1\nlevel=info msg=free a=2\n"],
    ["calls without their blocks", `malloc 24\n=> ${a}\nmalloc 40\n=> ${b}\nfree ${a}\n`],
    ["numbers", "1 2 3\n4 5 6\n"],
    ["JSON that is no log", '{"a":1}\n{"b":2}\n'],
    ["a table that is no log", "name,size\nx,1\n"],
  ])("%s are none", async (_, text) => {
    expect((await read(text)).diagnostics.format.name).toBe("native");
  });
});
