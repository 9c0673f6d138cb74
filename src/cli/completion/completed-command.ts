import type { Argument, Command, Option } from "commander";
import { GROUPINGS } from "../../report/order/grouping.ts";
import { SORT_KEYS } from "../../report/order/sort-threads.ts";

/** What may stand for a value: one of these words, a file, or a text that nothing can complete (null). */
export type Completed = readonly string[] | "file" | null;

export interface CompletedOption {
  /** such as -o and --output */
  readonly flags: readonly string[];
  readonly description: string;
  /** undefined: it takes no value */
  readonly value?: { readonly name: string; readonly completed: Completed };
}

export interface CompletedCommand {
  readonly names: readonly string[];
  readonly summary: string;
  /** it is run if no command is named */
  readonly isDefault: boolean;
  readonly options: readonly CompletedOption[];
  readonly operands: Completed;
}

/** Words that options and operands take which check their values themselves. */
export const WORDS: Readonly<Record<string, readonly string[]>> = {
  "--sort": SORT_KEYS,
  "--by": GROUPINGS,
  "--touch": ["facts", "all", "none"],
  "--thp": ["always", "madvise", "never"],
  "--at": ["END", "peak"],
  "--glibc": ["auto"],
  document: ["report", "inspection", "sweep", "diff"],
};

/** Values that are files, by their names in the help. */
const FILES: readonly string[] = ["file", "report", "log", "base", "head", "command"];

/** The commands of a program as a shell completes them, the default one first. */
export function completedCommands(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  const isCommand = (command: Command) => command.name() !== "help";
  return program.commands.filter(isCommand).map((command, n) => ({
    names: [command.name(), ...command.aliases()],
    summary: command.summary(),
    isDefault: n === 0,
    options: help.visibleOptions(command).map(completedOption),
    operands: operandsOf(command.registeredArguments),
  }));
}

function completedOption(option: Option): CompletedOption {
  const { short, long, description, argChoices } = option;
  const flags = [short, long].filter((flag) => flag !== undefined);
  if (!option.required) {
    return { flags, description };
  }
  const [, name = ""] = /<(.+)>/.exec(option.flags) ?? [];
  const completed = completedValue(name, argChoices ?? WORDS[long ?? ""]);
  return { flags, description, value: { name, completed } };
}

function operandsOf([first]: readonly Argument[]): Completed {
  if (first === undefined) {
    return null;
  }
  return completedValue(first.name(), first.argChoices ?? WORDS[first.name()]);
}

function completedValue(name: string, words: readonly string[] | undefined): Completed {
  return words ?? (FILES.includes(name) ? "file" : null);
}
