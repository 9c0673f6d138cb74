import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv, type AnySchemaObject, type ValidateFunction } from "ajv";

export const SCHEMA_FILE = fileURLToPath(
  new URL("../../src/report/report.schema.json", import.meta.url),
);

/** The schema of what `mallog inspect --json` prints. */
export const INSPECTION_SCHEMA_FILE = fileURLToPath(
  new URL("../../src/report/inspection.schema.json", import.meta.url),
);

/** The schema of what `mallog sweep --json` prints. */
export const SWEEP_SCHEMA_FILE = fileURLToPath(
  new URL("../../src/report/sweep.schema.json", import.meta.url),
);

/** The schema of what `mallog replay --json` prints. */
export const MEASUREMENTS_SCHEMA_FILE = fileURLToPath(
  new URL("../../src/report/measurements.schema.json", import.meta.url),
);

/** The schema of what `mallog diff --json` prints. */
export const DIFF_SCHEMA_FILE = fileURLToPath(
  new URL("../../src/report/diff.schema.json", import.meta.url),
);

/** The published schema. */
export function publishedSchema(): AnySchemaObject {
  return JSON.parse(readFileSync(SCHEMA_FILE, "utf8"));
}

/** The published schema, but an object may have only the keys it names: mallog's reports have no others. */
function strictSchema(file: string): AnySchemaObject {
  return JSON.parse(readFileSync(file, "utf8"), (_, value) =>
    typeof value?.properties === "object" && value.type === "object"
      ? { ...value, additionalProperties: false }
      : value,
  );
}

const validators = new Map<string, ValidateFunction>();

/** @throws Error the JSON text is not a report, or has keys or values that the schema does not allow */
export function expectReportJson(json: string): void {
  expectJson(json, SCHEMA_FILE);
}

/** The same for what `mallog inspect --json` prints. */
export function expectInspectionJson(json: string): void {
  expectJson(json, INSPECTION_SCHEMA_FILE);
}

/** The same for what `mallog sweep --json` prints. */
export function expectSweepJson(json: string): void {
  expectJson(json, SWEEP_SCHEMA_FILE);
}

/** The same for what `mallog replay --json` prints. */
export function expectMeasurementsJson(json: string): void {
  expectJson(json, MEASUREMENTS_SCHEMA_FILE);
}

/** The same for what `mallog diff --json` prints. */
export function expectDiffJson(json: string): void {
  expectJson(json, DIFF_SCHEMA_FILE);
}

function expectJson(json: string, file: string): void {
  const validate =
    validators.get(file) ??
    new Ajv({ allErrors: true, allowUnionTypes: true }).compile(strictSchema(file));
  validators.set(file, validate);
  if (validate(JSON.parse(json))) {
    return;
  }
  const errors = validate.errors?.slice(0, 5).map(({ instancePath, message, params }) => {
    return `${instancePath} ${message} ${JSON.stringify(params)}`;
  });
  throw new Error(`violates ${file} (npm run schema updates it):\n${errors?.join("\n")}`);
}
