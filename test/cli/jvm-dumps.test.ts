import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { codeBlocks } from "../support/documents.ts";
import { remembered } from "../support/remembered.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";

/**
 * The story that mallog is made for: a JVM inflates many jars in named threads, and thread dumps were taken meanwhile. The
 * log, the dumps and the listing are real (fixtures/jvm).
 */

const FOLDER = fileURLToPath(new URL("../../fixtures/jvm/inflate", import.meta.url));
const LOADERS = [0, 1, 2, 3].map((number) => `plugin-jar-loader-${number}`);

/** "# start" of the log, and the first lines of the dumps, in seconds since 1970. */
const START = 1_796_003_249;
const DATES = ["01:47:34", "01:48:06", "01:48:09", "01:48:12", "01:48:14"].map(
  (time) => Date.parse(`2026-11-30T${time}Z`) / 1000,
);

const analyse = remembered(reportOfLog("0", null));

async function run(...options: readonly string[]): Promise<string> {
  const { out, err, code } = await mallog(
    ["java.log.gz", ...options],
    (inputs, asked, hooks) =>
      analyse(
        inputs.map((name) => join(FOLDER, name)),
        asked,
        hooks,
      ),
    { cwd: FOLDER },
  );
  expect([code, err]).toEqual([0, ""]);
  return out;
}

const DUMPS = ["--jstack", "dumps", "--jstack", "comm.txt"];

describe("a JVM that inflates many jars, with thread dumps", () => {
  let report: Report;
  const byName = (name: string) => report.threads.find((thread) => thread.name === name)!;

  beforeAll(async () => {
    report = JSON.parse(await run("--json", ...DUMPS));
  });

  it("is answered on the first screen: the threads, what they ran, the library, what pins, and what to type", async () => {
    const text = await run(...DUMPS);
    const [screen] = text.split("\nWhat if:");
    await expect(screen).toMatchFileSnapshot("golden/jvm-dumps.txt");
    for (const part of [
      "4 threads plugin-jar-loader-* allocated most",
      "java.util.zip.Inflater.inflateBytesBytes(Native Method)",
      "of all requests are zlib's inflate",
      "of freed memory in arena",
      "jcmd PID System.trim_native_heap",
    ]) {
      expect(text.replace(/\s+/g, " ")).toContain(part);
    }
  });

  it("is quoted by docs/thread-names.md as it is printed", async () => {
    const quotes = codeBlocks("docs/thread-names.md", "text");
    expect(quotes).toHaveLength(1);
    const printed = (await run("--jstack", "dumps")).replace(/\s+/g, " ");
    expect(printed).toContain(quotes[0]!.replace(/\s+/g, " ").trim());
  });

  it("reproduces each pointer", () => {
    expect(report.model?.fidelity.ratio).toBe(1);
  });

  it("names every thread by its whole name", () => {
    expect(report.threads.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        ...LOADERS,
        "main",
        "C2 CompilerThread0",
        "Reference Handler",
        "java",
      ]),
    );
    expect(report.threadDumps).toMatchObject({ matchedThreads: report.trace.threads });
  });

  it("knows when each dump was taken, by the ages of its threads; its date agrees", () => {
    const { dumps = [], clock } = report.threadDumps ?? {};
    expect(clock).toBe("ages");
    const times = dumps.flatMap(({ kind, time }) => (kind === "dump" ? [time ?? Number.NaN] : []));
    expect(times).toHaveLength(DATES.length);
    for (const [i, time] of times.entries()) {
      expect(Math.abs(time - (DATES[i]! - START))).toBeLessThan(1);
    }
  });

  it("counts what each thread ran while it allocated, and not while it waited", () => {
    // It waits for the loaders in all dumps but the first.
    expect(byName("main")).toMatchObject({
      topFrame: "java.util.zip.Deflater.deflateBytesBytes(Native Method)",
      dumps: { dumps: 5, whileAllocating: 1, states: { RUNNABLE: 1, WAITING: 4 } },
    });
    for (const name of LOADERS) {
      const { dumps } = byName(name);
      expect(dumps).toMatchObject({ dumps: 4, whileAllocating: 4 });
      expect(dumps?.frames.flatMap(({ stack }) => stack).join(" ")).toContain(
        "InflateJars.inflate",
      );
    }
  });

  it("is known for a JVM by its mappings alone, too", async () => {
    const { jvm } = JSON.parse(await run("--json", "--no-model"));
    expect(jvm).toEqual({ version: "17", evidence: "mapping" });
    expect(report.jvm).toEqual({ version: "17.0.15+6", evidence: "thread dump" });
  });

  it("has the names in each format", async () => {
    const folder = newFolder();
    for (const ending of [".md", ".folded", ".speedscope.json"]) {
      const file = join(folder, `report${ending}`);
      await run("-q", "-o", file, ...DUMPS);
      const written = readFileSync(file, "utf8");
      for (const name of LOADERS) {
        expect(written).toContain(name);
      }
    }
    for (const form of ["--csv", "--plain", "--ndjson"]) {
      const out = await run(form, ...DUMPS);
      if (form !== "--ndjson") {
        expect(out).toContain("WAITING 4, RUNNABLE 1");
      }
      for (const name of LOADERS) {
        expect(out).toContain(name);
      }
    }
  });
});
