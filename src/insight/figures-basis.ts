import type { Fidelity, Report } from "../report/contract/report.ts";
import type { Sentence } from "../report/wording/presented.ts";
import { fitSentences } from "./evidence/fit-sentences.ts";
import { glibcVersion } from "./evidence/glibc-version.ts";
import { gradeSentence, isUnreliable } from "./evidence/grade.ts";
import { unreadSentence } from "./evidence/unread-lines.ts";
import { plain } from "./sentences.ts";
import { interruption, reproduced } from "./verdict.ts";

/** What the model's figures rest on, where no report is shown that says so. */
export function figuresBasis(report: Report): Sentence[] {
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
          ...fitSentences(model),
        ]),
  ];
}

function proof(fidelity: Fidelity): Sentence {
  const { tone, text } = reproduced(fidelity);
  return { tone, text: `T${text.slice(1)}` };
}
