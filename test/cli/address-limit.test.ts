import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { isLimited, needsBoundsChecks } from "../../src/cli/address-limit.ts";

const limitsUnder = (command: string): string =>
  execFileSync("sh", ["-c", `${command}cat /proc/self/limits`], { encoding: "utf8" });

it("sees a limit of addresses", () => {
  expect(isLimited(limitsUnder("ulimit -v 6000000; "))).toBe(true);
  expect(isLimited(limitsUnder(""))).toBe(false);
});

it("is no limit where the system shows none", () => {
  expect(isLimited("")).toBe(false);
});

it("needs no bounds checks where nothing is limited", () => {
  expect(needsBoundsChecks(process)).toBe(false);
});
