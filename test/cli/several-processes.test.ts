import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { remembered } from "../support/remembered.ts";
import { mallog } from "../support/run-mallog.ts";

const analyse = remembered(reportOfLog("0.0.0", null));
const SCRIPT = fileURLToPath(new URL("../../fixtures/processes/script.log.gz", import.meta.url));
const run = (...options: string[]) => mallog([SCRIPT, "--no-what-if", ...options], analyse);

describe("a log of a shell script that ends with exec", () => {
  test("is that of the process with the most volume, sort with its buffer, and lists the other processes", async () => {
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(/^The log has 20 processes; this is process 19798\.2, with 4\d/);
    expect(out).toMatch(/^Proof: the model reproduced [\d,]+ of [\d,]+ pointers\.$/m);
    expect(out).toMatch(/^19795 +first in the log +[\d.]+ +1,866$/m);
    expect(out).not.toContain("All processes:");
  });

  test("has the figures and sums of all with --process all", async () => {
    const { out } = await run("--process", "all");
    expect(out).toMatch(
      /^All processes: [\d.]+ MiB requested, [\d.]+ [KM]iB live at their ends, /m,
    );
  });

  test.each(["--json", "--ndjson"])("has them in %s", async (form) => {
    const { processes = [] }: Report = JSON.parse((await run(form)).out);
    expect(processes.map(({ isReported }) => isReported)).toEqual([
      true,
      ...Array.from({ length: 19 }, () => false),
    ]);
  });

  test("reports the process that is asked for", async () => {
    const { trace, processes }: Report = JSON.parse(
      (await run("--process", "19795", "--json")).out,
    );
    expect(trace.events).toBe(16_460);
    expect(processes?.find(({ isReported }) => isReported)?.name).toBe("19795.2");
    const first: Report = JSON.parse((await run("--process", "19796", "--json")).out);
    expect(first.trace.events).toBe(120);
  });

  test("is wrong usage with a process that it lacks", async () => {
    const { code, err } = await run("--process", "77");
    expect(code).toBe(2);
    expect(err).toMatch(
      /^mallog: --process 77: the log has no such process; it has 19795, 19796, .* and 12 more\n$/,
    );
  });

  test("is wrong usage with what is no process", async () => {
    const { code, err } = await run("--process", "java");
    expect(code).toBe(2);
    expect(err).toContain("--process java: give a pid");
  });
});

test("budgets are those of the process that is reported", async () => {
  const { code, out } = await mallog(
    ["check", SCRIPT, "--no-model", "--budget", "calls<=119", "--process", "19796"],
    analyse,
  );
  expect(code).toBe(1);
  expect(out).toContain("120");
});
