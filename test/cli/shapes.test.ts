import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { mallog } from "../support/run-mallog.ts";

const FOLDER = fileURLToPath(new URL("../../fixtures/shapes", import.meta.url));

interface Answer {
  readonly events: number;
  readonly threads: number;
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly seconds?: number;
  readonly processes?: number;
}

const ANSWERS: Readonly<Record<string, Answer>> = JSON.parse(
  readFileSync(join(FOLDER, "answers.json"), "utf8"),
);

describe("the logs of fixtures/shapes", () => {
  test("have answers", () => {
    const logs = readdirSync(FOLDER).filter((name) => name.endsWith(".log"));
    expect(Object.keys(ANSWERS)).toEqual(logs.sort());
  });

  test.each(Object.entries(ANSWERS))("%s", async (name, answer) => {
    const options = ["--json", "--no-what-if", join(FOLDER, name)];
    const { out } = await mallog(options, reportOfLog("1.0.0", null));
    const { trace, live, processes }: Report = JSON.parse(out);
    expect(trace.lines.malformed).toBe(0);
    const seconds = (trace.lastTime ?? 0) - (trace.firstTime ?? 0);
    expect({
      events: trace.events,
      threads: trace.threads,
      liveBytes: live.bytes,
      liveBlocks: live.blocks,
      ...(answer.seconds === undefined ? {} : { seconds: Number(seconds.toFixed(6)) }),
      ...(answer.processes === undefined ? {} : { processes: processes?.length }),
    }).toEqual(answer);
  });
});
