import { readFileSync } from "node:fs";

/** The report's JSON Schema, generated from src/report/report.ts; it lies beside it, and beside what is built of it. */
export function reportSchema(): string {
  return readFileSync(new URL("../report/report.schema.json", import.meta.url), "utf8");
}
