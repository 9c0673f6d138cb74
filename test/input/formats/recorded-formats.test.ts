import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import { Diagnostics } from "../../../src/input/diagnostics.ts";
import { readLog } from "../../../src/input/read-log.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { CollectingSink } from "../../support/collect.ts";
import { ownCalls } from "../../support/own-calls.ts";
import { mallog } from "../../support/run-mallog.ts";

/** Logs of one program by several tools (fixtures/formats/record.sh): all must tell what the program itself counted. */
const FOLDER = fileURLToPath(new URL("../../../fixtures/formats/", import.meta.url));

const HAS_ZSTD = spawnSync("zstd", ["--version"]).status === 0;

function counted(program: string) {
  return JSON.parse(readFileSync(`${FOLDER}${program}.json`, "utf8"));
}

/** A format that writes these calls as malloc. */
function asMalloc({ malloc, calloc, memalign, ...others }: ReturnType<typeof counted>) {
  return { ...others, malloc: malloc + calloc + memalign, calloc: 0, memalign: 0 };
}

/** A format that writes realloc as a free and a malloc. */
function withoutRealloc({ malloc, free, realloc, ...others }: ReturnType<typeof counted>) {
  return { ...others, malloc: malloc + realloc, free: free + realloc, realloc: 0 };
}

async function read(name: string) {
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  const stdin = (async function* () {})();
  await readLog({ names: [`${FOLDER}${name}`], stdin }, sink, diagnostics);
  return { events: sink.events, diagnostics };
}

async function analysed(path: string): Promise<Report> {
  const { out } = await mallog([path, "--json", "--no-what-if"], reportOfLog("test", null));
  return JSON.parse(out);
}

const LOGS = [
  { name: "native/one.log.gz", format: "native", lacks: [], truth: counted("one"), threads: 1 },
  {
    name: "ltrace/one.log.gz",
    format: "ltrace",
    lacks: ["threads", "times", "callers"],
    truth: counted("one"),
    threads: 1,
  },
  {
    name: "ltrace/threads.log.gz",
    format: "ltrace",
    lacks: ["callers"],
    truth: counted("threads"),
    threads: 5,
  },
  {
    name: "mtrace/one.log.gz",
    format: "mtrace",
    lacks: ["threads", "times"],
    truth: asMalloc(counted("one")),
    threads: 1,
  },
  {
    name: "mtrace/threads.log.gz",
    format: "mtrace",
    lacks: ["threads", "times"],
    truth: asMalloc(counted("threads")),
    threads: 1,
  },
  {
    name: "valgrind/threads.log.gz",
    format: "valgrind",
    lacks: ["threads", "times", "callers"],
    truth: counted("threads"),
    threads: 1,
  },
  {
    name: "uftrace/threads.log.gz",
    format: "uftrace",
    lacks: ["callers"],
    truth: counted("threads"),
    threads: 5,
  },
  {
    name: "uftrace/plain.log.gz",
    format: "uftrace",
    lacks: ["times", "callers"],
    truth: counted("threads"),
    threads: 5,
  },
  {
    name: "heaptrack/threads.raw.zst",
    format: "heaptrack",
    lacks: ["threads"],
    truth: withoutRealloc(asMalloc(counted("threads"))),
    threads: 1,
  },
  {
    name: "heaptrack/threads.zst",
    format: "heaptrack",
    lacks: ["threads"],
    truth: withoutRealloc(asMalloc(counted("threads"))),
    threads: 1,
  },
] as const;

describe("logs that tools have made", () => {
  for (const { name, format, lacks, truth, threads } of LOGS) {
    test.skipIf(name.endsWith(".zst") && !HAS_ZSTD)(
      `${name} has the program's calls (.zst needs zstd)`,
      async () => {
        const { events, diagnostics } = await read(name);
        expect(ownCalls(events)).toEqual(truth);
        expect(diagnostics.format.name).toBe(format);
        expect(diagnostics.samples).toEqual([]);
        expect(new Set(events.map(({ tid }) => tid)).size).toBe(threads);
        const { tells } = diagnostics.format;
        const missing = Object.entries(tells ?? {}).flatMap(([key, told]) => (told ? [] : [key]));
        expect(missing).toEqual(lacks);
      },
    );
  }

  test("bpftrace's script prints native lines, one thread's, without memalign", async () => {
    const { events, diagnostics } = await read("bpftrace/one.log.gz");
    const { memalign, malloc, calloc, realloc } = counted("one");
    expect(memalign).toBeGreaterThan(0);
    expect(ownCalls(events)).toMatchObject({ malloc, calloc, realloc, memalign: 0 });
    expect(diagnostics.format.name).toBe("native");
    expect(diagnostics.lines.malformed).toBe(0);
  });

  test("ltrace -r adds times up, and -i gives callers", async () => {
    const { events, diagnostics } = await read("ltrace/relative.log.gz");
    const times = events.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(diagnostics.format.tells).toEqual({ threads: false, times: true, callers: true });
    expect(events.every(({ caller }) => caller > 0)).toBe(true);
  });

  test("of ltrace's nested calls the inner ones count", async () => {
    const { events, diagnostics } = await read("ltrace/nested.log.gz");
    const own = ownCalls(events);
    expect(own.malloc + own.calloc + own.memalign).toBe(60);
    expect(diagnostics.lines.malformed).toBe(0);
    expect(diagnostics.lines.comments).toBeGreaterThan(20);
  });

  test("RSS is that of the native log where the calls are whole", async () => {
    const native = await analysed(`${FOLDER}native/one.log.gz`);
    const ltrace = await analysed(`${FOLDER}ltrace/one.log.gz`);
    const [recorded] = native.scenarios;
    expect(recorded?.rss.endBytes).toBeGreaterThan(native.live.bytes);
    // The log of ltrace has no times.
    expect(ltrace.scenarios[0]?.rss).toEqual({ ...recorded?.rss, peakTime: null });
    expect(ltrace.grade?.level).toBe("reproduced");
  });

  test.each(["valgrind/threads.log.gz", "heaptrack/threads.zst"])(
    "%s has counts, but no RSS",
    async (name) => {
      const report = await analysed(`${FOLDER}${name}`);
      expect(report.model).toBeNull();
      expect(report.scenarios).toEqual([]);
      expect(report.live.blocks).toBeGreaterThan(0);
    },
  );
});
