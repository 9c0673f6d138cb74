import { describe, expect, it } from "vitest";
import { gradeOf, gradeSentence, isUnreliable } from "../../../src/insight/evidence/grade.ts";
import { withoutModel } from "../../../src/insight/findings.ts";
import { present } from "../../../src/insight/present.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { fidelity, MiB, MODEL, report, scenario, trace } from "../../support/report-builder.ts";

const levelOf = (given: Partial<Report>) => gradeOf(report(given))?.level;
const kindsOf = (given: Partial<Report>) =>
  gradeOf(report(given))?.reasons.map(({ kind }) => kind) ?? [];

const anomalies = (given: Partial<Report["trace"]["anomalies"]>) =>
  trace({ events: 10_000, anomalies: { ...trace().anomalies, ...given } });

describe("the level", () => {
  it("follows the share of reproduced pointers", () => {
    expect(levelOf({ model: fidelity(1000, 990) })).toBe("reproduced");
    expect(levelOf({ model: fidelity(1000, 989) })).toBe("approximate");
    expect(levelOf({ model: fidelity(1000, 950) })).toBe("approximate");
    expect(levelOf({ model: fidelity(1000, 949) })).toBe("unreliable");
  });

  it("is unreliable if nothing is compared, or most of RSS is from outside the log", () => {
    expect(levelOf({ model: fidelity(0, 0) })).toBe("unreliable");
    const outside = (unloggedMiB: number) => ({
      model: { ...MODEL, inferred: { ...MODEL.inferred, unloggedBytes: unloggedMiB * MiB } },
      scenarios: [scenario("as recorded", { endMiB: 20 })],
    });
    expect([levelOf(outside(10)), levelOf(outside(11))]).toEqual(["reproduced", "unreliable"]);
  });

  it("is unreliable if more blocks are freed from before the log than it allocates", () => {
    const freed = (freeUnknown: number, foreignRealloc: number) =>
      levelOf({ model: fidelity(1000, 1000), trace: anomalies({ freeUnknown, foreignRealloc }) });
    expect(freed(900, 100)).toBe("reproduced");
    expect(freed(901, 100)).toBe("unreliable");
  });

  it("is none without a model or an event", () => {
    expect(gradeOf(report({ model: null, scenarios: [] }))).toBeNull();
    expect(gradeOf(report({ trace: trace({ events: 0 }) }))).toBeNull();
    expect(isUnreliable({ grade: null })).toBe(false);
  });
});

describe("the reasons", () => {
  const model = fidelity(1000, 500);

  it("are none for a run that is reproduced, or where nothing shows", () => {
    expect(kindsOf({ model: MODEL, trace: anomalies({ reusedLive: 100 }) })).toEqual([]);
    expect(kindsOf({ model, trace: anomalies({ reusedLive: 9, freeUnknown: 9 }) })).toEqual([]);
  });

  it("are calls that were not read, whatever the share of reproduced pointers", () => {
    const unreadCalls = [
      { call: "free", lines: 9, read: 1, first: { line: 2, text: "" } },
    ] as const;
    const read = report({ model: MODEL, trace: trace({ unreadCalls }) });
    const grade = gradeOf(read);
    expect(grade?.level).toBe("unreliable");
    expect(grade?.reasons[0]).toEqual({
      kind: "calls-unread",
      message: "most calls of free were not read",
      evidence: { free: 9 },
    });
    expect(gradeSentence({ ...read, grade })?.text).toMatch(/^Without these calls/);
  });

  it("are threads that the log does not tell apart", () => {
    const layout = {
      columns: [],
      timeUnit: "s",
      pointerBase: 16,
      processes: 0,
      after: [],
      shownBy: [],
      isPattern: false,
      wrappers: [],
      hasTail: false,
      threads: "none",
    } as const;
    expect(kindsOf({ model, trace: trace({ layout }) })).toEqual(["threads-unknown"]);
    expect(kindsOf({ model, trace: trace({ layout: { ...layout, threads: "ids" } }) })).toEqual([]);
  });

  it("are lines that the log lacks", () => {
    expect(kindsOf({ model, trace: anomalies({ reusedLive: 9, doubleFree: 1 }) })).toEqual([
      "lines-lost",
    ]);
    const messageOf = (reusedLive: number, doubleFree: number) =>
      gradeOf(report({ model, trace: anomalies({ reusedLive, doubleFree }) }))?.reasons[0]?.message;
    expect(messageOf(11, 0)).toBe(
      "the log lacks lines: 11 calls returned a block that was still live",
    );
    expect(messageOf(0, 10)).toBe("the log lacks lines: 10 frees had no block any more");
    expect(messageOf(9, 1)).toBe(
      "the log lacks lines: 9 calls returned a block that was still live, and 1 free had no block any more",
    );
  });

  it("are the memory of a fork's parent, where the log states the fork", () => {
    const recording = {
      pid: 7,
      command: null,
      limitBytes: null,
      otherRssBytes: null,
      lostCalls: 0,
    };
    const given = { model, trace: anomalies({ freeUnknown: 10 }) };
    expect(kindsOf({ ...given, recording })).toEqual(["attached-late"]);
    expect(kindsOf({ ...given, recording: { ...recording, forked: true } })).toEqual([
      "forked",
      "attached-late",
    ]);
  });

  it("are blocks from before the log", () => {
    expect(kindsOf({ model, trace: anomalies({ freeUnknown: 9, foreignRealloc: 1 }) })).toEqual([
      "attached-late",
    ]);
    const inferred = { ...MODEL.inferred, unloggedBytes: 1 };
    expect(kindsOf({ model: { ...model, inferred } })).toEqual(["attached-late"]);
  });

  it("are several processes before all others, then buffers", () => {
    const finding = { severity: "critical", message: "", bytes: 0, evidence: {} } as const;
    const given = {
      model,
      trace: { ...anomalies({ reusedLive: 10 }), threadBuffers: { lines: 5, latestBy: null } },
      findings: [{ kind: "several-processes", ...finding }],
    };
    expect(kindsOf(given)).toEqual(["several-processes", "thread-buffers", "lines-lost"]);
  });
});

describe("the first sentence", () => {
  const first = (given: Partial<Report>) => gradeSentence(report(given));

  it("is the grade unless the run is reproduced, with its likeliest reason", () => {
    expect(first({ model: MODEL })).toBeNull();
    expect(first({ model: fidelity(1000, 970) })).toEqual({
      tone: "plain",
      text: "The figures are approximate.",
    });
    const late = { model: fidelity(1000, 341), trace: anomalies({ freeUnknown: 433 }) };
    expect(first(late)).toEqual({
      tone: "bad",
      text: "This log does not show what glibc holds: the model reproduced 34.1 % of its 1,000 pointers. Likely reason: the log does not begin with the process, or lacks calls: 433 calls free or resize blocks from before it.",
    });
    expect(first({ model: fidelity(0, 0) })?.text).toMatch(
      /: no call returned a pointer\. The log/,
    );
  });
});

describe("an unreliable run", () => {
  it("has no finding that rests on the model", () => {
    const kinds = ["retained-free-memory", "pinned-heap", "arenas-retain", "glibc-undecided"];
    const all = [...kinds, "thread-buffers", "several-processes", "thresholds-frozen"].map(
      (kind) => ({ kind, severity: "info", message: "", bytes: 0, evidence: {} }) as const,
    );
    expect(withoutModel(all).map(({ kind }) => kind)).toEqual([
      "thread-buffers",
      "several-processes",
      "thresholds-frozen",
    ]);
  });

  it("says so above its table of settings", () => {
    const notes = (equal: number) => present(report({ model: fidelity(100, equal) })).whatIfNotes;
    expect(notes(50)[0]).toMatch(/^The model did not reproduce this run/);
    expect(notes(99)).toEqual([]);
  });
});
