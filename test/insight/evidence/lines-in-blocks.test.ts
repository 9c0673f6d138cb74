import { describe, expect, it } from "vitest";
import {
  threadBuffersFinding,
  threadBuffersSentence,
} from "../../../src/insight/evidence/lines-in-blocks.ts";
import { present } from "../../../src/insight/present.ts";
import type { TraceSummary } from "../../../src/report/contract/report.ts";
import { fidelity, report, trace } from "../../support/report-builder.ts";

const BUFFERS = { lines: 1500, latestBy: 2.634 };
const lines = (comments: number) => ({ total: 30, parsed: 30, comments, malformed: 0, blank: 0 });
const LOST = fidelity(100, 60).fidelity;

const message = (given: Partial<TraceSummary>, refersToPlaces = false) =>
  threadBuffersFinding(trace({ threadBuffers: BUFFERS, ...given }), LOST, refersToPlaces)?.message;

it("a log without such lines has neither finding nor anomaly", () => {
  expect(threadBuffersFinding(trace(), LOST, false)).toBeNull();
  expect(threadBuffersSentence(trace())).toBeNull();
});

it("the finding says what the log shows, what it means, and what to change", () => {
  expect(
    threadBuffersFinding(trace({ threadBuffers: BUFFERS, sources: ["a.log"] }), LOST, false),
  ).toEqual({
    kind: "thread-buffers",
    severity: "critical",
    message:
      "lines of a thread stand in blocks, 1,500 lines up to 2.6 s late: the hook buffers the lines of each thread. The order of calls is lost, so the figures of the model are wrong. Change the hook: write each line at once with one write(), or under one lock. To repair this log: sort -s -k2b,2V FILE | mallog",
    bytes: 0,
    evidence: { lines: 1500, latestBy: 2.634 },
  });
});

it("lines that could be put in order leave the hook to change", () => {
  const finding = threadBuffersFinding(
    trace({ threadBuffers: BUFFERS }),
    fidelity(1000, 999).fidelity,
    false,
  );
  expect(finding?.severity).toBe("info");
  expect(finding?.message).toContain("The order of calls could be restored. Change the hook:");
  expect(finding?.message).not.toContain("repair");
});

it("without times, the cause is not certain, and the log cannot be sorted", () => {
  const untimed = message({ threadBuffers: { lines: 20, latestBy: null }, lastTime: null });
  expect(untimed).toContain("pointers show 20 calls in the wrong place, as if the hook buffers");
  expect(untimed).not.toContain("sort");
});

describe("the command that repairs the log", () => {
  it("unpacks a compressed one", () => {
    expect(message({ sources: ["a.log.gz"] })).toMatch(/zcat FILE \| sort -s -k2b,2V \| mallog$/);
    expect(message({ sources: ["a.log.zst"] })).toMatch(/zstdcat FILE \| sort .* \| mallog$/);
    expect(message({ sources: ["a.log.xz"] })).toMatch(/xzcat FILE \| sort .* \| mallog$/);
    expect(message({ sources: ["a.constructor"] })).toMatch(/: sort .* FILE \| mallog$/);
  });

  it("keeps the comments at the head of the log", () => {
    expect(message({ sources: ["a.log"], lines: lines(3) })).toMatch(
      /: \(grep '\^#' FILE; grep -v '\^#' FILE \| sort -s -k2b,2V\) \| mallog$/,
    );
    expect(message({ sources: ["a.log.gz"], lines: lines(3) })).toMatch(
      /: zcat FILE > LOG; \(grep '\^#' LOG; grep -v '\^#' LOG \| sort -s -k2b,2V\) \| mallog$/,
    );
  });

  it("is left out where sorting would be wrong: comments refer to places, or the log passes midnight", () => {
    expect(message({ lines: lines(3) }, true)).not.toContain("sort");
    expect(message({ lastTime: 86_500 })).not.toContain("sort");
  });
});

it("the verdict and the anomalies tell it, too", () => {
  const given = { trace: trace({ threadBuffers: BUFFERS }), model: fidelity(100, 60) };
  const { verdict, anomalies } = present(report(given));
  expect(verdict[0]?.text).toContain(
    "Likely reason: the hook buffers the lines of each thread, so the log has lost the order of calls.",
  );
  expect(anomalies[0]).toContain("1,500 lines up to 2.6 s late");
  const restored = present(report({ ...given, model: fidelity(1000, 999) }));
  expect(restored.verdict.map(({ text }) => text).join()).not.toContain("buffers");
});
