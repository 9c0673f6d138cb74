import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import { NoSuchProcess } from "../../src/pipeline/no-such-process.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { UNKNOWN_PROCESS } from "../support/corpus.ts";

const analyse = reportOfLog("test", null);

/** The reports made so far, by their logs and processes: several tests read one. */
const reports = new Map<string, Promise<Report>>();

function report(log: string, process: string | null = null): Promise<Report> {
  const key = `${process} ${log}`;
  const found = reports.get(key) ?? reportOf(log, process);
  reports.set(key, found);
  return found;
}

function reportOf(log: string, process: string | null): Promise<Report> {
  const hooks = {
    stdin: Readable.from([Buffer.from(log)]),
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  return analyse([], { ...UNKNOWN_PROCESS, process }, hooks);
}

function fixture(name: string): string {
  const path = new URL(`../../fixtures/processes/${name}.log.gz`, import.meta.url);
  return gunzipSync(readFileSync(path)).toString("latin1");
}

/** The lines of each true process, which the callers name. */
function separated(log: string): string[] {
  const byCaller = new Map<string, string[]>();
  for (const line of log.trimEnd().split("\n")) {
    const caller = /\[(\w+)\]/.exec(line)?.[1] ?? "";
    const lines = byCaller.get(caller) ?? [];
    lines.push(line);
    byCaller.set(caller, lines);
  }
  return [...byCaller.values()].map((lines) => `${lines.join("\n")}\n`);
}

describe.each(["script", "forks", "children"])("a log of several processes: %s", (name) => {
  const log = fixture(name);
  const logs = separated(log);

  it("has the figures of their own logs", async () => {
    const { processes = [] } = await report(log, "all");
    const own = await Promise.all(logs.map((one) => report(one)));
    const expected = own.map(({ trace, threads, live, scenarios, model, grade }) => ({
      events: trace.events,
      volumeBytes: threads.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0),
      figures: {
        threads: trace.threads,
        liveBytes: live.bytes,
        peakLiveBytes: live.peakBytes,
        rssEndBytes: scenarios[0]?.rss.endBytes,
        rssPeakBytes: scenarios[0]?.rss.peakBytes,
        fidelityRatio: model?.fidelity.ratio,
        grade: grade?.level,
      },
    }));
    const found = processes.map(({ events, volumeBytes, figures }) => ({
      events,
      volumeBytes,
      figures,
    }));
    expect(found).toHaveLength(expected.length);
    expect(found).toEqual(expect.arrayContaining(expected));
  });

  it("is reported as the process with the most volume", async () => {
    const found = await report(log);
    const volumes = found.processes?.map(({ volumeBytes }) => volumeBytes) ?? [];
    expect(volumes).toEqual([...volumes].sort((a, b) => b - a));
    const [most] = found.processes ?? [];
    expect(most?.isReported).toBe(true);
    expect(found.trace.events).toBe(most?.events);
  });
});

describe("the process asked for", () => {
  const log = fixture("forks");

  it("is reported, although it has less volume", async () => {
    const { processes = [] } = await report(log);
    const least = processes.at(-1);
    const found = await report(log, least?.name);
    expect(found.trace.events).toBe(least?.events);
    expect(found.processes?.filter(({ isReported }) => isReported)).toEqual([
      expect.objectContaining({ name: least?.name }),
    ]);
  });

  it("gives its name as reason where it begins with its parent's memory", async () => {
    const child = (await report(log)).processes?.find(({ origin }) => origin === "fork");
    const { grade } = await report(log, child?.name);
    expect(grade?.reasons.map(({ kind }) => kind)).toContain("forked");
  });

  it("must be in the log", async () => {
    await expect(report(log, "1")).rejects.toThrow(NoSuchProcess);
  });
});

describe("comments of several processes", () => {
  const log = [
    "# pid 1",
    "# setting MALLOC_ARENA_MAX=1",
    "1 malloc(24) = 0x5581000002a0",
    "# rss 4096",
    "# pid 2",
    "# setting MALLOC_ARENA_MAX=2",
    "# thread 2 service",
    "2 malloc(2400) = 0x5620000002a0",
    "# rss 8192",
    "1 malloc(24) = 0x5581000002c0",
    "",
  ].join("\n");

  it("go to the process that they are of", async () => {
    const [one, two] = [await report(log, "1"), await report(log, "2")];
    expect(one.model?.settings).toEqual({ MALLOC_ARENA_MAX: "1" });
    expect(two.model?.settings).toEqual({ MALLOC_ARENA_MAX: "2" });
    expect(one.measured?.rssSamples.map(({ bytes }) => bytes)).toEqual([4096]);
    expect(two.measured?.rssSamples.map(({ bytes }) => bytes)).toEqual([8192]);
    expect(two.threads.map(({ name }) => name)).toEqual(["service"]);
  });
});

it("counts only the smallest of very many processes", async () => {
  const lines = (pid: number) =>
    Array.from({ length: 1 + (pid % 7) }, (_, n) => {
      const address = 0x5500_0000_0000 + pid * 2 ** 33 + 0x2a0 + 32 * n;
      return `${pid} malloc(24) = 0x${address.toString(16)}`;
    });
  const log = Array.from({ length: 100 }, (_, n) => lines(n + 1)).flat();
  const { processes = [] } = await report(`${log.join("\n")}\n`, "all");
  expect(processes).toHaveLength(100);
  expect(processes.filter(({ figures }) => figures !== null).length).toBeGreaterThan(60);
  const volumes = processes.map(({ volumeBytes, events }) => volumeBytes / events);
  expect(new Set(volumes)).toEqual(new Set([24]));
});
