import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import {
  type Case,
  casesOf,
  OWN_CORPUS,
  settingsOf,
  truthOf,
  writesAll,
} from "../support/corpus.ts";
import { remembered } from "../support/remembered.ts";
import { mallog } from "../support/run-mallog.ts";

/** Budgets at the measured values of real processes, and one below. */

const cases = casesOf(OWN_CORPUS).filter((one) => writesAll(one) && one.meta.deterministic);

/** The measured values of a process, by the budget's key. */
function measured(one: Case): [key: string, value: number][] {
  const { traces, settings } = one.meta;
  const { live_requested_bytes_at_end, live_blocks_at_end, peak_live_requested_bytes } =
    traces.default ?? fail();
  const rss = Object.keys(settings).flatMap((setting): [string, number][] => {
    const truth = truthOf(one, setting);
    if (truth === null) {
      return [];
    }
    if (setting === "default") {
      const { exit, after_trim } = truth;
      const trimmed: [string, number][] =
        after_trim === null ? [] : [["rss@malloc_trim=end", after_trim.heap_rss]];
      return [["rss", exit.heap_rss], ...trimmed];
    }
    const typed = Object.entries(settingsOf(one, setting)).map((pair) => pair.join("="));
    return [[`rss@${typed.join(",")}`, truth.exit.heap_rss]];
  });
  return [
    ...rss,
    ["live", live_requested_bytes_at_end],
    ["peak-live", peak_live_requested_bytes],
    ["leaked-blocks", live_blocks_at_end],
  ];
}

function fail(): never {
  throw new Error("the corpus case is not complete");
}

const analyse = remembered(reportOfLog("test", null));

function check(one: Case, budgets: readonly string[]) {
  const { glibc, cpu_count } = one.meta;
  return mallog(
    ["check", join(one.folder, "trace.log.gz"), "--json", "--no-what-if"].concat(
      ["--touch", "all", "--glibc", glibc, "--cpus", String(cpu_count)],
      budgets.flatMap((text) => ["--budget", text]),
    ),
    analyse,
  );
}

test("the corpus has cases", () => expect(cases.length).toBeGreaterThan(8));

describe.each(cases)("$name", (one) => {
  const truth = measured(one);

  test("budgets at the measured values are kept: exit code 0", async () => {
    const { code, err } = await check(
      one,
      truth.map(([key, value]) => `${key}<=${value}`),
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  test("budgets one below are all exceeded: exit code 1", async () => {
    const below = truth.map(([key, value]) => `${key}<=${value - 1}`);
    const { code, out } = await check(one, below);
    expect(code).toBe(1);
    const { budgets } = JSON.parse(out);
    expect(budgets.map(({ ok }: { ok: boolean }) => ok)).toEqual(truth.map(() => false));
  });
});
