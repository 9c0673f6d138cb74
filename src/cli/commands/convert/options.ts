import { type Command, Option } from "commander";
import { LOG_FORMATS, type LogFormat } from "../../../convert/format-names.ts";
import { type RewriteValues, rewriteOptions } from "../../rewriting/rewrite-options.ts";

/** Option values of `convert`, as commander returns them. */
export interface ConvertValues extends RewriteValues {
  readonly to: LogFormat;
}

export interface ConvertRequest {
  readonly inputs: readonly string[];
  readonly values: ConvertValues;
}

const AFTER_HELP = `
<format>:
  native    mallog's own, with all that the log states (docs/log-format.md)
  logalloc  of Firefox's logalloc: pid tid malloc(n)=0x…
  rep       of the malloc lab of "Computer Systems: A Programmer's Perspective"
  csv       a table: line,time,tid,caller,call,size,alignment,pointer,result,label

A message on standard error says what the format cannot hold.

Exit codes:
  0    done
  2    wrong usage
  3    a log that cannot be read, or a file that cannot be written; or most calls
       of a kind, such as free, are not read: what is read is written
  130  interrupted (143: terminated); a file is then not written

Examples:
  mallog convert malloc.log.gz --to csv -o calls.csv
  mallog convert malloc.log.gz --to rep -o malloc.rep
  mallog convert malloc.log.gz --to logalloc | head
  mallog convert ltrace.out -o malloc.log.gz
`;

/** Adds `convert`, which writes a log in another format. */
export function addConvert(
  program: Command,
  run: (request: ConvertRequest) => Promise<void>,
): void {
  const command = program
    .command("convert")
    .summary("write a log in another format")
    .description("Writes any log that mallog reads in another format.")
    .argument("[log...]", "a log, or its pieces in order; none or -: standard input")
    .addOption(
      new Option("--to <format>", "the format (see below)").choices(LOG_FORMATS).default("native"),
    )
    .action((inputs: string[], values: ConvertValues) => run({ inputs, values }))
    .addHelpText("after", AFTER_HELP);
  for (const option of rewriteOptions()) {
    command.addOption(option);
  }
}
