import { writeFileSync } from "node:fs";
import { generatedSchema } from "./support/generate-schema.ts";
import { SCHEMA_FILE } from "./support/report-schema.ts";

/** `npm run schema`: writes the report's JSON Schema anew, after its types have changed. */
writeFileSync(SCHEMA_FILE, generatedSchema());
