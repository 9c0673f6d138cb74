import type { CompletedCommand, CompletedOption } from "./completed-command.ts";

/** A script for fish. Where it names no words, fish completes the names of files. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const named = commands
    .filter(({ isDefault }) => !isDefault)
    .flatMap(({ names }) => names)
    .join(" ");
  const lines = commands.flatMap((command) => {
    const { names, summary, isDefault, options, operands } = command;
    const isMeant = isDefault
      ? `not __fish_seen_subcommand_from ${named}`
      : `__fish_seen_subcommand_from ${names.join(" ")}`;
    return [
      ...names.map((name) => `-n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`),
      ...options.map((option) => `-n '${isMeant}' ${optionWords(option)}`),
      ...(Array.isArray(operands) ? [`-n '${isMeant}' -f -a '${operands.join(" ")}'`] : []),
    ];
  });
  return `# fish completion for mallog\n${lines.map((line) => `complete -c mallog ${line}\n`).join("")}`;
}

function optionWords({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const completed = value?.completed;
  const takes =
    value === undefined
      ? []
      : completed === "file"
        ? ["-r -F"]
        : [completed == null ? "-x" : `-x -a '${completed.join(" ")}'`];
  return [...names, ...takes, `-d ${quoted(description)}`].join(" ");
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
