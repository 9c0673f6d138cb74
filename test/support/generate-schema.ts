import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";

/**
 * The JSON Schema of the report, from its types and their comments. Objects may have more keys than it names: keys are
 * added without notice, and an earlier schema must accept a later report.
 */
export function generatedSchema(): string {
  const path = fileURLToPath(new URL("../../src/report/report.ts", import.meta.url));
  const generator = createGenerator({
    path,
    tsconfig: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)),
    type: "Report",
    additionalProperties: true,
    skipTypeCheck: true,
  });
  return `${JSON.stringify(generator.createSchema("Report"), null, 2)}\n`;
}
