import { writeFileSync } from "node:fs";
import { generatedSchema } from "./support/generate-schema.ts";
import {
  DIFF_SCHEMA_FILE,
  INSPECTION_SCHEMA_FILE,
  MEASUREMENTS_SCHEMA_FILE,
  SCHEMA_FILE,
  SWEEP_SCHEMA_FILE,
} from "./support/report-schema.ts";

/** `npm run schema`: updates the JSON Schemas after a change of the types. */
writeFileSync(SCHEMA_FILE, generatedSchema());
writeFileSync(INSPECTION_SCHEMA_FILE, generatedSchema("Inspection"));
writeFileSync(SWEEP_SCHEMA_FILE, generatedSchema("Sweep"));
writeFileSync(MEASUREMENTS_SCHEMA_FILE, generatedSchema("Measurements"));
writeFileSync(DIFF_SCHEMA_FILE, generatedSchema("Diff"));
