import type { Command } from "commander";
import { roffArgument, roffLines, roffText } from "./roff.ts";

/** When and of what a man page is. */
export interface Edition {
  readonly version: string;
  /** YYYY-MM-DD */
  readonly date: string;
}

/**
 * The man page of a program, from what its --help prints. `helpOf`: the whole help of a command, with what stands behind its
 * options.
 */
export function manPage(
  program: Command,
  helpOf: (command: Command) => string,
  { version, date }: Edition,
): string {
  const name = program.name();
  const [analyze, ...others] = program.commands.filter((command) => command.name() !== "help");
  const commands = analyze === undefined ? [] : [analyze, ...others];
  return [
    `.TH ${name.toUpperCase()} 1 ${date} ${roffArgument(`${name} ${version}`)} ${roffArgument("User Commands")}\n`,
    `.SH NAME\n${name} \\- ${roffText("report where a process's memory went, from a log of its malloc calls")}\n`,
    `.SH SYNOPSIS\n`,
    commands.map((command) => synopsis(name, command)).join(".br\n"),
    `.SH DESCRIPTION\n${roffText(program.description())}\n`,
    `.PP\n${roffText("Without the name of a command, it is analyze.")}\n`,
    `.SH COMMANDS\n`,
    ...commands.map((command) => section(program, command, helpOf(command))),
  ].join("");
}

function synopsis(name: string, command: Command): string {
  const words = [command.name(), command.usage()].join(" ");
  return `.B ${name}\n${roffText(words)}\n`;
}

function section(program: Command, command: Command, help: string): string {
  const style = program.createHelp();
  const operands = style
    .visibleArguments(command)
    .map((one) => item(style.argumentTerm(one), style.argumentDescription(one)));
  const options = style
    .visibleOptions(command)
    .map((one) => item(style.optionTerm(one), style.optionDescription(one)));
  const after = help.slice(command.helpInformation().length).trim();
  return [
    `.SS ${roffArgument(`${program.name()} ${command.name()}`)}\n`,
    `${roffText(command.description())}\n`,
    ...operands,
    ...options,
    after === "" ? "" : `.PP\n${roffLines(after)}`,
  ].join("");
}

function item(term: string, description: string): string {
  return `.TP\n.B ${roffText(term)}\n${roffText(description)}\n`;
}
