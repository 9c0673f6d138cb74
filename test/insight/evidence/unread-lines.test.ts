import { expect, test } from "vitest";
import { mostlyUnread, unreadSentence } from "../../../src/insight/evidence/unread-lines.ts";
import { verdict } from "../../../src/insight/verdict.ts";
import type { UnreadCalls } from "../../../src/report/contract/report.ts";
import { NO_ANOMALIES, report, trace } from "../../support/report-builder.ts";

const lines = { total: 100, parsed: 40, comments: 1, malformed: 59, blank: 0 };

function unread(call: UnreadCalls["call"], lines: number, read: number, line = 2): UnreadCalls {
  return { call, lines, read, first: { line, text: `7 ${call}\u001b[2J` } };
}

test("a kind of call wholly unread is the first sentence", () => {
  const read = report({ trace: trace({ lines, unreadCalls: [unread("free", 59, 0)] }) });
  const text = "59 % of the lines, all calls of free, were not read: line 2: 7 free\\x1b[2J";
  expect(unreadSentence(read)).toBe(text);
  expect(verdict(read)[0]).toEqual({ tone: "bad", text });
});

test("several kinds, of which some calls were read", () => {
  const unreadCalls = [unread("realloc", 5, 5), unread("calloc", 9, 8, 7), unread("free", 50, 0)];
  expect(unreadSentence(report({ trace: trace({ lines, unreadCalls }) }))).toMatch(
    /^59 % of the lines, most calls of calloc and free, were not read: line 2: 7 free/,
  );
});

test("a small share keeps its decimals", () => {
  const many = { ...lines, total: 10_000 };
  const read = report({ trace: trace({ lines: many, unreadCalls: [unread("free", 59, 0)] }) });
  expect(unreadSentence(read)).toMatch(/^0\.6 % of the lines, all/);
});

test("most lines unread, but none a call", () => {
  const malformedSamples = [{ line: 3, text: "hello" }];
  const sentence = (malformed: number): string | null =>
    unreadSentence(report({ trace: trace({ lines: { ...lines, malformed }, malformedSamples }) }));
  expect(sentence(59)).toBe("59 % of the lines were not read: line 3: hello");
  expect(sentence(10)).toBe("10 % of the lines were not read: line 3: hello");
  expect(sentence(4)).toBeNull();
});

test("a kind of which most lines were read, or whose only line is cut short, says nothing", () => {
  const cut = { ...NO_ANOMALIES, truncatedInputs: 1 };
  expect(mostlyUnread(trace())).toEqual([]);
  expect(mostlyUnread(trace({ unreadCalls: [unread("free", 3, 3)] }))).toEqual([]);
  expect(mostlyUnread(trace({ unreadCalls: [unread("free", 1, 0)], anomalies: cut }))).toEqual([]);
  expect(mostlyUnread(trace({ unreadCalls: [unread("free", 2, 0)], anomalies: cut }))).toHaveLength(
    1,
  );
});

test("a single line of a rare call counts in a short log only", () => {
  const of = (lines: number, total: number): number =>
    mostlyUnread(
      trace({
        lines: { total, parsed: total - lines, comments: 0, malformed: lines, blank: 0 },
        unreadCalls: [unread("memalign", lines, 0)],
      }),
    ).length;
  expect([of(1, 1000), of(1, 1001), of(2, 1001)]).toEqual([1, 0, 1]);
});
