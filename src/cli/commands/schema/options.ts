import { Argument, type Command } from "commander";
import type { Parsed } from "../../../report/parsed.ts";
import { inspectionSchema, reportSchema } from "../../../report/report-schema.ts";
import { accepted } from "../../options/option-values.ts";

/** Adds `schema`, which passes the JSON Schema of the report to `print`. */
export function addSchema(program: Command, print: (text: string) => Promise<void>): Command {
  return program
    .command("schema")
    .summary("print the JSON Schema of the report")
    .description(
      "Prints the JSON Schema (draft 7) of the reports that --json and -o report.json write. Later versions of mallog only add keys.",
    )
    .addArgument(
      new Argument("[document]", "report, or inspection: what mallog inspect --json prints")
        .argParser((text: string) => accepted("schema", text, parseDocument(text)))
        .default("report"),
    )
    .addHelpText("after", "\nExample:\n  mallog schema >mallog.report.schema.json\n")
    .action((document: string) =>
      print(document === "inspection" ? inspectionSchema() : reportSchema()),
    );
}

function parseDocument(text: string): Parsed<string> {
  return text === "report" || text === "inspection"
    ? { ok: text }
    : { error: "no such document; give report or inspection" };
}
