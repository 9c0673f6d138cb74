import type {
  Grade,
  GradeReason,
  ModelSummary,
  Report,
  TraceSummary,
} from "../../report/contract/report.ts";
import type { KnownReport } from "../../report/read-report.ts";
import { plural, share, size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { otherAllocatorClause } from "./other-allocator.ts";
import { mostlyUnread, unreadCalls } from "./unread-lines.ts";

/** From this share of reproduced pointers on, the model's heap is the process's own. */
const REPRODUCED_RATIO = 0.99;

/** Below this share the modelled heap has drifted so far from the real one that its sizes say little. */
export const TRUSTED_RATIO = 0.95;

/**
 * Blocks from outside the log that are a larger part of RSS leave its causes unknown; and so do more frees of such blocks
 * than calls that returned one.
 */
const OUTSIDE_RATIO = 0.5;

/** Calls that contradict the log, as a part of all events: fewer are single lines lost. */
const NOTABLE_RATIO = 0.001;

const UNREAD = "calls-unread";

/** Grades the recorded run by its evidence. Null where the model was not run, or nothing was read. */
export function gradeOf(report: Omit<Report, "grade">): Grade | null {
  const { model, trace, scenarios } = report;
  const [recorded] = scenarios;
  if (model === null || recorded === undefined || trace.events === 0) {
    return null;
  }
  if (mostlyUnread(trace).length > 0) {
    return { level: "unreliable", reasons: reasonsOf(report, model) };
  }
  const { compared, ratio } = model.fidelity;
  const outside = model.inferred.unloggedBytes / Math.max(1, recorded.rss.endBytes);
  const isOutside = outside > OUTSIDE_RATIO || olderBlocks(trace) > compared;
  if (compared > 0 && ratio >= REPRODUCED_RATIO && !isOutside) {
    return { level: "reproduced", reasons: [] };
  }
  const level = compared > 0 && ratio >= TRUSTED_RATIO && !isOutside ? "approximate" : "unreliable";
  return { level, reasons: reasonsOf(report, model) };
}

/** True if figures of the model say nothing about the process. */
export function isUnreliable({ grade }: Pick<KnownReport, "grade">): boolean {
  return grade?.level === "unreliable";
}

/** What the log shows of why its pointers differ from the model's, likeliest first. */
function reasonsOf(report: Omit<Report, "grade">, model: ModelSummary): GradeReason[] {
  const { trace } = report;
  return [
    unread(trace),
    allocator(trace),
    processes(report),
    buffers(trace),
    linesLost(trace),
    threadsUnknown(trace),
    forked(report),
    attachedLate(trace, model),
  ].filter((reason) => reason !== null);
}

function allocator(trace: TraceSummary): GradeReason | null {
  const message = otherAllocatorClause(trace);
  return trace.allocator === undefined || message === null
    ? null
    : { kind: "other-allocator", message, evidence: trace.allocator.evidence };
}

function unread(trace: TraceSummary): GradeReason | null {
  const kinds = mostlyUnread(trace);
  return kinds.length === 0
    ? null
    : {
        kind: UNREAD,
        message: `${unreadCalls(kinds)} were not read`,
        evidence: Object.fromEntries(kinds.map(({ call, lines }) => [call, lines])),
      };
}

function processes({ findings }: Omit<Report, "grade">): GradeReason | null {
  const finding = findings.find(({ kind }) => kind === "several-processes");
  return finding === undefined
    ? null
    : {
        kind: "several-processes",
        message: "the log mixes the calls of several processes",
        evidence: finding.evidence,
      };
}

function buffers({ threadBuffers }: TraceSummary): GradeReason | null {
  return threadBuffers === undefined
    ? null
    : {
        kind: "thread-buffers",
        message:
          "the hook buffers the lines of each thread, so the log has lost the order of calls",
        evidence: { lines: threadBuffers.lines },
      };
}

/** Only a missing free lets a call return a live block; only a missing allocation lets a block be freed twice. */
function linesLost({ anomalies, events }: TraceSummary): GradeReason | null {
  const { reusedLive, doubleFree } = anomalies;
  if (reusedLive + doubleFree < events * NOTABLE_RATIO) {
    return null;
  }
  const clauses = [
    ...(reusedLive === 0
      ? []
      : [`${plural(reusedLive, "call")} returned a block that was still live`]),
    ...(doubleFree === 0 ? [] : [`${plural(doubleFree, "free")} had no block any more`]),
  ];
  return {
    kind: "lines-lost",
    message: `the log lacks lines: ${clauses.join(", and ")}`,
    evidence: { reusedLive, doubleFree },
  };
}

/** Threads have arenas of their own, which a log without a column of threads does not show. */
function threadsUnknown({ layout, foreign }: TraceSummary): GradeReason | null {
  const areTold = layout?.threads !== "none" && foreign?.lacks.includes("threads") !== true;
  return areTold
    ? null
    : {
        kind: "threads-unknown",
        message: "the log does not tell threads apart, and all calls were read as one thread's",
        evidence: {},
      };
}

/** A fork begins with a copy of its parent's memory. */
function forked({ processes, recording }: Omit<Report, "grade">): GradeReason | null {
  const reported = processes?.find(({ isReported }) => isReported);
  const fork =
    reported?.origin === "fork"
      ? { name: reported.name, pid: reported.pid }
      : recording?.forked === true && recording.pid !== null
        ? { name: `${recording.pid}`, pid: recording.pid }
        : null;
  return fork === null
    ? null
    : {
        kind: "forked",
        message: `process ${fork.name} is a fork and began with its parent's memory, which its own lines do not show`,
        evidence: { pid: fork.pid },
      };
}

/** Calls that free or resize blocks whose allocation is not in the log. */
function olderBlocks({ anomalies }: TraceSummary): number {
  return anomalies.freeUnknown + anomalies.foreignRealloc;
}

/** Blocks that are older than the log, or were allocated past its hook. */
function attachedLate(trace: TraceSummary, { inferred }: ModelSummary): GradeReason | null {
  const { freeUnknown, foreignRealloc } = trace.anomalies;
  const { unloggedBytes } = inferred;
  const calls = olderBlocks(trace);
  if (calls < trace.events * NOTABLE_RATIO && unloggedBytes === 0) {
    return null;
  }
  const used = calls === 0 ? "" : `${plural(calls, "call")} free or resize blocks from before it`;
  const held = unloggedBytes === 0 ? "" : `${size(unloggedBytes)} in use are not in it`;
  const shown = [used, held].filter((part) => part !== "").join(", ");
  return {
    kind: "attached-late",
    message: `the log does not begin with the process, or lacks calls: ${shown}`,
    evidence: { freeUnknown, foreignRealloc, unloggedBytes },
  };
}

/** The first sentence of the report where the run is not reproduced; null where it is. */
export function gradeSentence({ grade, model }: Pick<Report, "grade" | "model">): Sentence | null {
  if (grade === null || model === null || grade.level === "reproduced") {
    return null;
  }
  const [reason] = grade.reasons;
  if (grade.level === "approximate") {
    const why = reason === undefined ? "" : `: ${reason.message}`;
    return { tone: "plain", text: `The figures are approximate${why}.` };
  }
  if (reason?.kind === UNREAD) {
    // The sentence before this one says which.
    return { tone: "bad", text: "Without these calls the log does not show what glibc holds." };
  }
  const { compared, equal } = model.fidelity;
  const pointers =
    compared === 0
      ? "no call returned a pointer"
      : `the model reproduced ${share(equal, compared)} of its ${plural(compared, "pointer")}`;
  const why =
    reason === undefined
      ? "The log does not show why: perhaps another allocator, or settings that it does not state."
      : `Likely reason: ${reason.message}.`;
  return { tone: "bad", text: `This log does not show what glibc holds: ${pointers}. ${why}` };
}
