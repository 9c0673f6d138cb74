import type { Finding } from "../contract/report.ts";

const SEVERITY = ["critical", "warning", "info"] as const;

/** Critical findings first; the order within a severity stays. */
export function gravestFirst(findings: readonly Finding[]): Finding[] {
  return SEVERITY.flatMap((severity) =>
    findings.filter((finding) => finding.severity === severity),
  );
}
