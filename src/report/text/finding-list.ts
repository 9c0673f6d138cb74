import type { Finding } from "../contract/report.ts";
import { gravestFirst } from "../order/gravest-first.ts";
import { findingAmount } from "../wording/finding-amount.ts";
import { printable } from "../wording/printable.ts";
import { heading, item, type TextStyle } from "./style.ts";

/** Findings, gravest first; null if there are none. */
export function findingList(findings: readonly Finding[], style: TextStyle): string | null {
  if (findings.length === 0) {
    return null;
  }
  const { chalk } = style;
  const paint = { critical: chalk.red, warning: chalk.yellow, info: chalk.dim };
  const items = gravestFirst(findings).map((finding) => {
    const { severity, message } = finding;
    const amount = findingAmount(finding);
    const behind = amount === null ? "" : ` (${amount})`;
    const text = item(`${severity}: ${printable(message)}${behind}`, style);
    return text.replace(severity, paint[severity](severity));
  });
  return [heading("Findings", "", style), ...items].join("\n");
}
