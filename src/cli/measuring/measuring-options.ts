import { Option } from "commander";
import { allowUnreliableOption } from "../budgets/budget-options.ts";
import { type ModelValues, modelOptions } from "../options/model-options.ts";
import { repeatableOption } from "../options/option-values.ts";
import { colorOptions, formOption } from "../options/output-options.ts";

/** Option values that `replay` and `verify` share, as commander returns them. */
export interface MeasuringValues extends Omit<ModelValues, "model" | "observedRss" | "observed"> {
  readonly with?: readonly string[];
  /** of `replay` */
  readonly free?: true;
  readonly allowUnreliable?: true;
  readonly output?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
  readonly progress: boolean;
  readonly color?: boolean;
}

/** Options of the model that measuring has no use for: what was written of the blocks must be the same in both. */
const UNUSED: readonly string[] = [
  "whatIf",
  "model",
  "containerLimit",
  "baseRss",
  "observedRss",
  "observed",
];

/** `withText`: what --with takes; `tries`: the command takes what-ifs, too. */
export function measuringOptions(withText: string, tries: boolean): Option[] {
  const settings = [
    repeatableOption("--with <what>", withText),
    allowUnreliableOption("measure even if the log does not support the model's figures"),
  ].map((option) => option.helpGroup("Settings:"));
  const ofModel = modelOptions(false).filter(
    (option) =>
      !UNUSED.includes(option.attributeName()) || (tries && option.attributeName() === "whatIf"),
  );
  const output = [
    repeatableOption(
      "-o, --output <file>",
      "also write what is shown to a .txt or .json file; repeatable",
    ),
    formOption("json", "print the measurements as JSON"),
    new Option("-q, --quiet", "no progress line; with -o, nothing on standard output either"),
    new Option("--no-progress", "no progress line"),
    ...colorOptions(),
  ].map((option) => option.helpGroup("Output:"));
  return [...settings, ...ofModel, ...output];
}

/** Explains what is measured. */
export const MEASURING_HELP = `
The calls are made again in the log's order by a process of their own, whose heaps
are measured page by page. It writes its blocks as the log states (# hole lines),
else as --touch says; nothing is fitted to a measured RSS. The first use builds the
replaying program with the C compiler, unless the package has it.
`;
