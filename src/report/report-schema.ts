import { readFileSync } from "node:fs";

/** The report's JSON Schema, generated from report.ts. The relative path is the same from src/report and from dist/node. */
export function reportSchema(): string {
  return readFileSync(new URL("../report/report.schema.json", import.meta.url), "utf8");
}

/** The same of what `mallog diff --json` prints, generated from diff.ts. */
export function diffSchema(): string {
  return readFileSync(new URL("../report/diff.schema.json", import.meta.url), "utf8");
}

/** The same of what `mallog inspect --json` prints, generated from inspection.ts. */
export function inspectionSchema(): string {
  return readFileSync(new URL("../report/inspection.schema.json", import.meta.url), "utf8");
}

/** The same of what `mallog replay --json` and `mallog verify --json` print, generated from measurements.ts. */
export function measurementsSchema(): string {
  return readFileSync(new URL("../report/measurements.schema.json", import.meta.url), "utf8");
}

/** The same of what `mallog sweep --json` prints, generated from sweep.ts. */
export function sweepSchema(): string {
  return readFileSync(new URL("../report/sweep.schema.json", import.meta.url), "utf8");
}
