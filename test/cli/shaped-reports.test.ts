import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";

/** A recorded log of several threads, and its lines as other hooks and loggers print them: all figures must be the same. */

interface Line {
  readonly tid: number;
  readonly time: string;
  readonly caller: string;
  readonly call: string;
}

const SHAPES: Readonly<Record<string, (line: Line, i: number) => string>> = {
  "[tid]": ({ tid, call }) => `[${tid}] ${call}`,
  "pid tid, without blanks": ({ tid, call }) => `31806 ${tid} ${call.replace(/\s*=\s*/, "=")}`,
  "ISO date": ({ tid, time, call }) => `2026-11-30T${time}Z ${tid} ${call.replace(/=/, "->")}`,
  "thread handles": ({ tid, call }) => `${(0x7f5c00000000 + tid * 4096).toString(16)} ${call}`,
  "names of threads": ({ tid, call }) => `[worker ${tid}] ${call}`,
  "syslog, and a caller behind": ({ tid, time, caller, call }) =>
    `Nov 30 ${time.slice(0, 8)} host app[31806]: ${tid} ${call} from ${caller}`,
  "Docker's JSON, with colours": ({ tid, time, call }, i) =>
    JSON.stringify({ log: `\x1b[32m${tid}\x1b[0m ${time} ${call}\n`, time: `2026-11-30T${i}Z` }),
  "names and units, decimal pointers": ({ tid, call }) =>
    `tid=${tid} ${call
      .replace(/\((\d+)\)/, "(size=$1 bytes)")
      .replace(/0x[\da-f]+/g, (pointer) => String(Number(pointer)))}`,
};

const LOGS = ["xz-t2-g236", "mt-free16-g244"];
/** Lines of a log that are read: enough for all its threads. */
const LINES = 4000;

describe.each(LOGS)("%s", (name) => {
  const path = fileURLToPath(
    new URL(`../../fixtures/corpus/${name}/trace.log.gz`, import.meta.url),
  );
  const native = gunzipSync(readFileSync(path)).toString("latin1").split("\n", LINES);
  const analyse = reportOfLog("1.0.0", null);

  async function figures(lines: readonly string[]): Promise<unknown> {
    const log = join(newFolder(), "log");
    writeFileSync(log, `${lines.join("\n")}\n`);
    const options = [log, "--json", "--no-what-if", "--cpus", "4", "--glibc", "2.36"];
    const { out } = await mallog(options, analyse);
    const { trace, live, threads, scenarios }: Report = JSON.parse(out);
    return {
      events: trace.events,
      malformed: trace.lines.malformed,
      live: [live.bytes, live.blocks, live.peakBytes],
      threads: threads.map(({ calls, volumeBytes, liveBytes }) => [calls, volumeBytes, liveBytes]),
      rss: scenarios.map(({ rss }) => [rss.endBytes, rss.peakBytes]),
    };
  }

  let expected: unknown;

  test.each(Object.entries(SHAPES))("%s", async (_, shape) => {
    const lines = native.map((line, i) => {
      const [, tid = "", time = "", caller = "", call = ""] =
        /^(\d+) (\S+) \[(\w+)\] (.*)$/.exec(line) ?? [];
      return tid === "" ? line : shape({ tid: Number(tid), time, caller, call }, i);
    });
    expected ??= await figures(native);
    expect(await figures(lines)).toEqual(expected);
  });
});
