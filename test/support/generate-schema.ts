import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";

/** The type of a JSON document that mallog prints, and the file of src that has it. */
const DOCUMENTS = {
  Report: "report/contract/report.ts",
  Inspection: "report/contract/inspection.ts",
  Sweep: "report/contract/sweep.ts",
  Measurements: "report/contract/measurements.ts",
  Diff: "diff/diff.ts",
} as const;

/**
 * The JSON Schema of the report, or of another document, from its types and their comments. Objects may have more keys
 * than it names: keys are added without notice, and an earlier schema must accept a later report.
 */
export function generatedSchema(type: keyof typeof DOCUMENTS = "Report"): string {
  const path = fileURLToPath(new URL(`../../src/${DOCUMENTS[type]}`, import.meta.url));
  const generator = createGenerator({
    path,
    tsconfig: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)),
    type,
    additionalProperties: true,
    skipTypeCheck: true,
  });
  return `${JSON.stringify(generator.createSchema(type), null, 2)}\n`;
}
