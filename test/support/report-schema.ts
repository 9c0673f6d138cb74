import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv, type AnySchemaObject, type ValidateFunction } from "ajv";

export const SCHEMA_FILE = fileURLToPath(
  new URL("../../src/report/report.schema.json", import.meta.url),
);

/** The published schema. */
export function publishedSchema(): AnySchemaObject {
  return JSON.parse(readFileSync(SCHEMA_FILE, "utf8"));
}

/** The same, but that an object may have no key of which it says nothing: so ours must be. */
function strictSchema(): AnySchemaObject {
  return JSON.parse(readFileSync(SCHEMA_FILE, "utf8"), (_, value) =>
    typeof value?.properties === "object" && value.type === "object"
      ? { ...value, additionalProperties: false }
      : value,
  );
}

let validate: ValidateFunction | null = null;

/** Throws if the JSON text is no report, or has keys or values that the schema does not tell of. */
export function expectReportJson(json: string): void {
  validate ??= new Ajv({ allErrors: true, allowUnionTypes: true }).compile(strictSchema());
  if (validate(JSON.parse(json))) {
    return;
  }
  const errors = validate.errors?.slice(0, 5).map(({ instancePath, message, params }) => {
    return `${instancePath} ${message} ${JSON.stringify(params)}`;
  });
  throw new Error(`not as report.schema.json has it (npm run schema?):\n${errors?.join("\n")}`);
}
