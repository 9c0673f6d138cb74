import type { Invocation, Log, ReportingDescriptor, Result } from "sarif";
import type { Finding, Report } from "../contract/report.ts";
import { findingAmount } from "../wording/finding-amount.ts";
import type { Presented, PresentedBudget } from "../wording/presented.ts";
import { printable } from "../wording/printable.ts";
import { printJson } from "./json.ts";
import type { Writer } from "./writer.ts";

/** SARIF 2.1.0: findings, and budgets that are not kept. Their location is the log: they have none in source code. */
export const writeSarif: Writer = ({ report, budgets, interruption }) => {
  const location = locationOf(report);
  const results = [
    ...budgets.filter(({ result }) => !result.ok).map(exceeded),
    ...report.findings.map(found),
  ];
  const log: Log = {
    $schema:
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: "mallog", version: report.tool.version, rules: rulesOf(results) },
        },
        ...invocationOf(interruption),
        results: results.map((result) => ({ ...result, locations: [location] })),
        columnKind: "utf16CodeUnits",
      },
    ],
  };
  return printJson(log);
};

/** Only for an interrupted run; the default is success. */
function invocationOf(text: Presented["interruption"]): { invocations?: Invocation[] } {
  if (text === null) {
    return {};
  }
  const notification = { level: "error" as const, message: { text } };
  return {
    invocations: [{ executionSuccessful: false, toolExecutionNotifications: [notification] }],
  };
}

type Found = Result & { readonly ruleId: string };

/** Lets GitHub match a result with that of the next run, even if its numbers change. */
function fingerprintOf(text: string): Result["partialFingerprints"] {
  return { primaryLocationLineHash: printable(text) };
}

const LEVEL = { info: "note", warning: "warning", critical: "error" } as const;

function found(finding: Finding): Found {
  const { kind, severity, message } = finding;
  const amount = findingAmount(finding);
  const text = `${printable(message)}${amount === null ? "" : ` (${amount})`}`;
  const level = LEVEL[severity];
  return { ruleId: kind, level, message: { text }, partialFingerprints: fingerprintOf(kind) };
}

function exceeded({ id, sentence, details }: PresentedBudget): Found {
  const text = [sentence, ...details].join("\n");
  const ruleId = "budget-exceeded";
  const partialFingerprints = fingerprintOf(`${ruleId} ${id}`);
  return { ruleId, level: "error", message: { text }, partialFingerprints };
}

function rulesOf(results: readonly Found[]): ReportingDescriptor[] {
  const ids = [...new Set(results.map(({ ruleId }) => ruleId))].sort();
  return ids.map((id) => ({ id, shortDescription: { text: id.replaceAll("-", " ") } }));
}

/** The first input; GitHub shows only results with a file and a line. */
function locationOf({ trace: { sources } }: Report): NonNullable<Result["locations"]>[number] {
  const [source = "-"] = sources;
  const uri = source === "-" ? "stdin" : uriOf(source);
  return { physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } } };
}

/** Relative paths stay relative. Encodes colons, so that none is read as a scheme. */
function uriOf(path: string): string {
  const wellFormed = path.replace(/\p{Cs}/gu, "\ufffd");
  const encoded = wellFormed.split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${encoded}` : encoded;
}
