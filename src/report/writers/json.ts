import type { Writer } from "./writer.ts";

/** The report as it is. Arrays of plain numbers stand on one line: a timeline has thousands of points. */
export const writeJson: Writer = (report) => `${print(report, "")}\n`;

function print(value: unknown, indent: string): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every(isPlain)) return `[${value.map((item) => print(item, "")).join(", ")}]`;
    const items = value.map((item) => `${deeper}${print(item, deeper)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    if (entries.length === 0) return "{}";
    const items = entries.map(
      ([key, item]) => `${deeper}${JSON.stringify(key)}: ${print(item, deeper)}`,
    );
    return `{\n${items.join(",\n")}\n${indent}}`;
  }
  // NaN and infinities, which JSON has not, become null.
  return JSON.stringify(value);
}

function isPlain(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}
