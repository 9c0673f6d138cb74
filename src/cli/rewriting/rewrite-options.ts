import { Option } from "commander";
import { colorOptions } from "../options/output-options.ts";

/** Option values of a command that writes a log anew, as commander returns them. */
export interface RewriteValues {
  readonly output?: string;
  readonly quiet?: true;
  readonly progress: boolean;
  readonly color?: boolean;
}

export function rewriteOptions(): Option[] {
  return [
    new Option(
      "-o, --output <file>",
      "write the log to this file, compressed if its name ends in .gz (default: standard output)",
    ),
    new Option("-q, --quiet", "no progress line, and no message about what is left out"),
    new Option("--no-progress", "no progress line"),
    ...colorOptions(),
  ];
}
