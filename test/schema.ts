import { writeFileSync } from "node:fs";
import { generatedSchema } from "./support/generate-schema.ts";
import { SCHEMA_FILE } from "./support/report-schema.ts";

/** `npm run schema`: updates the report's JSON Schema after a change of its types. */
writeFileSync(SCHEMA_FILE, generatedSchema());
