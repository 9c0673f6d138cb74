import type { Command } from "commander";
import { reportSchema } from "../../../report/report-schema.ts";

/** Adds `schema`, which hands the JSON Schema of the report to `print`. */
export function addSchema(program: Command, print: (text: string) => Promise<void>): Command {
  return program
    .command("schema")
    .summary("print the JSON Schema of the report")
    .description(
      "Prints the JSON Schema (draft 7) of what --json and -o report.json write. Later versions only add keys.",
    )
    .addHelpText("after", "\nExample:\n  mallog schema >mallog.report.schema.json\n")
    .action(() => print(reportSchema()));
}
