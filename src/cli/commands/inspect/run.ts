import { fitSentences } from "../../../insight/evidence/fit-sentences.ts";
import { glibcVersion } from "../../../insight/evidence/glibc-version.ts";
import { gradeSentence, isUnreliable } from "../../../insight/evidence/grade.ts";
import { unreadSentence } from "../../../insight/evidence/unread-lines.ts";
import { plain } from "../../../insight/sentences.ts";
import { interruption, reproduced } from "../../../insight/verdict.ts";
import type { Inspection, InspectionOutcome } from "../../../report/inspection.ts";
import type { Sentence } from "../../../report/presented.ts";
import type { Fidelity, Report } from "../../../report/report.ts";
import { DEFAULT_SORT } from "../../../report/sort-threads.ts";
import { inspectionText } from "../../../report/text/inspection/inspection-text.ts";
import { printJson } from "../../../report/writers/json.ts";
import { analysisRequest } from "../../analysis/analysis-request.ts";
import { withReport } from "../../analysis/with-report.ts";
import { terminalOptions } from "../../analysis/write-report.ts";
import { Exit } from "../../exit-codes.ts";
import type { Analyse, Io } from "../../io.ts";
import { Failure } from "../../problems.ts";
import { message } from "../../terminal/message.ts";
import { print } from "../../terminal/print.ts";
import type { InspectRequest, InspectValues } from "./options.ts";

/** Chunks of each bin under --top 0. */
const ALL = Number.POSITIVE_INFINITY;

/**
 * Runs `mallog inspect`. Returns the exit code. `commands`: the names of all commands.
 * @throws Failure, and whatever `analyse` throws
 */
export function inspectLog(
  { inputs, values }: InspectRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const request = analysisRequest(
    inputs,
    { ...values, whatIf: false, model: true, sort: DEFAULT_SORT, by: "thread" },
    io.hostCpus,
  );
  let outcome: InspectionOutcome | null = null;
  const inspecting: Analyse = (names, options, hooks) =>
    analyse(
      names,
      { ...options, inspect: inspectOptions(values) },
      {
        ...hooks,
        onInspected: (found) => {
          outcome = found;
        },
      },
    );
  return withReport(request, io, inspecting, commands, async (report) => {
    if (isUnreliable(report) && !values.allowUnreliable) {
      for (const { text } of evidence(report)) {
        message(io.stderr, text);
      }
      return Exit.unjudged;
    }
    const inspection = found(outcome, values);
    const text = values.json
      ? printJson(inspection)
      : inspectionText(inspection, evidence(report), {
          ...terminalOptions(request, io),
          top: values.top,
          bins: values.bins ?? false,
          map: values.map ?? false,
          arena: values.arena ?? null,
        });
    await print(io.stdout, text);
    return Exit.done;
  });
}

function inspectOptions({ at, arena, bins, chunks, trim, top, json }: InspectValues) {
  return {
    moment: at.moment,
    asked: at.text,
    arena: arena ?? null,
    chunksPerBin: bins || json ? (top === 0 ? ALL : top) : 0,
    chunks: chunks ?? false,
    trim: trim ?? false,
  };
}

/** @throws Failure option */
function found(outcome: InspectionOutcome | null, { at }: InspectValues): Inspection {
  if (outcome === null) {
    throw new Error("no moment was inspected");
  }
  if ("inspection" in outcome) {
    return outcome.inspection;
  }
  const { missing, option } = outcome;
  throw option === undefined
    ? new Failure({ code: "option", option: "--at", value: at.text, reason: missing })
    : new Failure({ code: "option", option, value: null, reason: missing });
}

function proof(fidelity: Fidelity): Sentence {
  const { tone, text } = reproduced(fidelity);
  return { tone, text: `T${text.slice(1)}` };
}

/** What the figures rest on. */
function evidence(report: Report): Sentence[] {
  const interrupted = interruption(report);
  const unread = unreadSentence(report);
  const graded = gradeSentence(report);
  const { model } = report;
  return [
    ...(interrupted === null ? [] : [{ tone: "bad" as const, text: interrupted }]),
    ...(unread === null ? [] : [{ tone: "bad" as const, text: unread }]),
    ...(graded === null ? [] : [graded]),
    ...(model === null || isUnreliable(report)
      ? []
      : [
          proof(model.fidelity),
          plain(`Modelled: ${glibcVersion(model)}.`),
          ...fitSentences(model.fit),
        ]),
  ];
}
