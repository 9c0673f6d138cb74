import { readFileSync } from "node:fs";

/** The report's JSON Schema, generated from src/report/report.ts; in a folder beside this one, and beside what is built. */
export function reportSchema(): string {
  return readFileSync(new URL("../report/report.schema.json", import.meta.url), "utf8");
}
