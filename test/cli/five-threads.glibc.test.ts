import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { CallCounts, Report } from "../../src/report/contract/report.ts";
import { mallog } from "../support/run-mallog.ts";

/** One program of five threads, logged by one hook in 24 formats as people print them. */

const FIELD = fileURLToPath(new URL("../../../shared/field/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mallog-five-threads-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The native form. */
const NATIVE = 1;
/** `+ pointer size`, whatever the call, and no threads. */
const MTRACE = 23;
const WITHOUT_THREADS = [0, MTRACE];

const analyse = reportOfLog("test", null);

const canLog = existsSync(FIELD) && process.arch === "x64";

describe.skipIf(!canLog)("a hook's log of five threads (skipped without ../shared/field)", () => {
  const hook = join(folder, "hook.so");
  const program = join(folder, "five-threads");

  beforeAll(() => {
    const gcc = (...flags: string[]) => execFileSync("gcc", flags, { stdio: "pipe" });
    gcc("-O1", "-w", "-shared", "-fPIC", "-o", hook, join(FIELD, "fmthook.c"), "-ldl");
    gcc("-O1", "-w", "-pthread", "-o", program, join(FIELD, "five-threads.c"));
  });

  let expected: Awaited<ReturnType<typeof figures>>;
  beforeAll(async () => {
    expected = await figures(NATIVE);
  });

  async function figures(format: number) {
    const log = join(folder, `${format}.log`);
    const env = { FMT: `${format}`, FMTLOG: log, LD_PRELOAD: hook };
    rmSync(log, { force: true });
    execFileSync(program, { env, stdio: "pipe" });
    const { out } = await mallog(["--json", "--no-model", log], analyse);
    const { trace, live, threads }: Report = JSON.parse(out);
    expect(trace.lines).toMatchObject({ malformed: 0, blank: 0 });
    const of = (kind: keyof CallCounts): number =>
      threads.reduce((sum, { calls }) => sum + calls[kind], 0);
    const all = ["malloc", "calloc", "realloc", "memalign", "free"] as const;
    return {
      threads: threads.length,
      calls: all.map(of),
      bytes: live.bytes,
      blocks: live.blocks,
    };
  }

  it.each(Array.from({ length: 24 }, (_, format) => format))("in format %d", async (format) => {
    expect(expected).toMatchObject({ threads: 5 });
    expect(expected.bytes).toBeGreaterThan(1_000_000);
    const [malloc = 0, calloc = 0, realloc = 0, memalign = 0, free = 0] = expected.calls;
    const merged = [malloc + calloc + memalign, 0, realloc, 0, free];
    expect(await figures(format)).toEqual({
      ...expected,
      threads: WITHOUT_THREADS.includes(format) ? 1 : 5,
      calls: format === MTRACE ? merged : expected.calls,
    });
  });
});
