import type { Finding } from "../contract/report.ts";
import { findingAmount } from "../wording/finding-amount.ts";
import type { Presented, PresentedBudget } from "../wording/presented.ts";
import { printable, sourceName } from "../wording/printable.ts";
import type { Writer } from "./writer.ts";

/**
 * JUnit XML for Jenkins, GitLab and others: one test per budget, or, without budgets, one for the verdict and one per
 * finding, which pass because no limit was set.
 */
export const writeJunit: Writer = ({ report, verdict, interruption, budgets }) => {
  const { findings, trace } = report;
  const verdictTexts = verdict.map(({ text }) => text);
  const unread = unreadCases(interruption);
  const cases = [
    ...unread,
    ...(budgets.length > 0
      ? budgets.map(budgetCase)
      : [passed("verdict", "verdict", verdictTexts), ...findings.map(findingCase)]),
  ];
  const failures = budgets.filter(({ result }) => !result.ok).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="${unread.length}"`;
  const name = escaped(trace.sources.map(sourceName).join(", "));
  const { version } = report.tool;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mallog" ${counts}>
  <testsuite name="${name}" ${counts} skipped="0">
    <properties>
      <property name="mallog" value="${escaped(version)}"/>
    </properties>
${cases.join("\n")}
    <system-out>${lines(verdictTexts)}</system-out>
  </testsuite>
</testsuites>
`;
};

/** A partly read log is an error, even if its budgets are kept so far. */
function unreadCases(interruption: Presented["interruption"]): string[] {
  if (interruption === null) {
    return [];
  }
  const error = `<error type="interrupted" message="${escaped(interruption)}"/>`;
  return [testcase("log", "read to its end", error)];
}

function budgetCase({ result, name, sentence, details }: PresentedBudget): string {
  if (result.ok) {
    return passed("budgets", name, [sentence, ...details]);
  }
  const failure = `<failure type="budget" message="${escaped(sentence)}">${lines(details)}</failure>`;
  return testcase("budgets", name, failure);
}

function findingCase(finding: Finding): string {
  const { kind, severity, message } = finding;
  const amount = findingAmount(finding);
  const behind = amount === null ? "" : ` (${amount})`;
  return passed("findings", kind, [`${severity}: ${message}${behind}`]);
}

function passed(group: string, name: string, out: readonly string[]): string {
  return testcase(group, name, `<system-out>${lines(out)}</system-out>`);
}

function testcase(group: string, name: string, content: string): string {
  return `    <testcase classname="mallog.${group}" name="${escaped(name)}" time="0">
      ${content}
    </testcase>`;
}

function lines(texts: readonly string[]): string {
  return texts.map(escaped).join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** For text and attributes; characters that XML 1.0 cannot represent become the replacement character. */
function escaped(text: string): string {
  return printable(text)
    .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "")
    .replace(/[\p{Cs}\ufffe\uffff]/gu, "\ufffd");
}
