import { expect, test } from "vitest";
import { replayLimits } from "../../../src/insight/proof/replay-limits.ts";
import { report } from "../../support/report-builder.ts";

const base = report();

const said = (cpusSource: "default" | "log", arenaCount: number): string[] =>
  replayLimits({
    ...base,
    model: { ...base.model!, cpusSource },
    scenarios: [{ ...base.scenarios[0]!, arenaCount }],
  }).map(({ text }) => text);

test("the limit of arenas is named where it is not known, and may matter", () => {
  expect(said("default", 16)).toEqual([
    "The log does not show the CPUs of its machine, which limit the arenas: the replays have at most as many as the model, 16; --cpus states the CPUs.",
  ]);
  expect(said("default", 7)).toEqual([]);
  expect(said("log", 16)).toEqual([]);
});

test("huge pages are the kernel's choice", () => {
  const [text] = replayLimits({ ...base, model: { ...base.model!, thp: "always" } });
  expect(text?.text).toMatch(/^The kernel decides which memory has huge pages/);
});
