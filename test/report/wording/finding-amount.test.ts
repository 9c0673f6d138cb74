import { expect, it } from "vitest";
import type { Finding } from "../../../src/report/contract/report.ts";
import { findingAmount } from "../../../src/report/wording/finding-amount.ts";
import { MiB } from "../../support/report-builder.ts";

const finding = (message: string, bytes: number): Finding => ({
  kind: "pinned-heap",
  severity: "warning",
  message,
  bytes,
  evidence: {},
});

it("is the finding's bytes", () => {
  expect(findingAmount(finding("glibc holds memory", 40 * MiB))).toBe("40 MiB");
});

it("is null without bytes, or if the message states it", () => {
  expect(findingAmount(finding("calls are missing", 0))).toBeNull();
  expect(findingAmount(finding("one block keeps 40 MiB resident", 40 * MiB))).toBeNull();
});
