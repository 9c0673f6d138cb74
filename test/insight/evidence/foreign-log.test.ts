import { describe, expect, test } from "vitest";
import { foreignItems, noAddressesSentence } from "../../../src/insight/evidence/foreign-log.ts";
import type { ForeignSummary, TraceSummary } from "../../../src/report/contract/report.ts";
import { report } from "../../support/report-builder.ts";

function trace(format: string, foreign?: Partial<ForeignSummary>): TraceSummary {
  return {
    ...report().trace,
    format,
    ...(foreign === undefined
      ? {}
      : { foreign: { lacks: [], addresses: "glibc", remarks: [], ...foreign } }),
  };
}

describe("what a log of another format does not tell", () => {
  test("a native log has no items", () => {
    expect(foreignItems(trace("native"))).toEqual([]);
    expect(noAddressesSentence(trace("native"))).toBeNull();
  });

  test("one line names what is missing, and remarks follow", () => {
    const found = trace("mtrace", { lacks: ["threads", "times"], remarks: ["calloc is malloc"] });
    expect(foreignItems(found)).toEqual([
      "not in this log (mtrace): threads (all calls are read as one thread's), times",
      "calloc is malloc",
    ]);
    expect(noAddressesSentence(found)).toBeNull();
  });

  test("nothing is said of a format that tells all", () => {
    expect(foreignItems(trace("csv", {}))).toEqual([]);
  });

  test("blocks that are not glibc's have no RSS, and the reason is said", () => {
    expect(noAddressesSentence(trace("records", { addresses: "none" }))).toContain(
      "numbers its blocks",
    );
    expect(noAddressesSentence(trace("records", { addresses: "bionic" }))).toContain(
      "Android's allocator",
    );
    expect(noAddressesSentence(trace("valgrind", { addresses: "valgrind" }))).toContain(
      "Record without valgrind",
    );
  });
});
