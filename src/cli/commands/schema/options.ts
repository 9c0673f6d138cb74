import { Argument, type Command } from "commander";
import {
  diffSchema,
  inspectionSchema,
  measurementsSchema,
  reportSchema,
  sweepSchema,
} from "../../../report/report-schema.ts";
import type { Parsed } from "../../../report/wording/parsed.ts";
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
      new Argument(
        "[document]",
        "report; inspection, sweep, replay or diff: what mallog inspect, sweep, replay (and verify) and diff print with --json",
      )
        .argParser((text: string) => accepted("schema", text, parseDocument(text)))
        .default("report"),
    )
    .addHelpText("after", "\nExample:\n  mallog schema >mallog.report.schema.json\n")
    .action((document: Document) => print(SCHEMAS[document]()));
}

const SCHEMAS = {
  report: reportSchema,
  inspection: inspectionSchema,
  sweep: sweepSchema,
  replay: measurementsSchema,
  diff: diffSchema,
} as const;
type Document = keyof typeof SCHEMAS;
const DOCUMENTS: readonly Document[] = ["report", "inspection", "sweep", "replay", "diff"];

function parseDocument(text: string): Parsed<Document> {
  const known = DOCUMENTS.find((one) => one === text);
  return known === undefined
    ? { error: "no such document; give report, inspection, sweep, replay or diff" }
    : { ok: known };
}
