import type { Completed, CompletedCommand, CompletedOption } from "./completed-command.ts";

/** A script for zsh, to be sourced, or saved as _mallog in a folder of $fpath. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const described = commands.flatMap(({ names, summary }) =>
    names.map((name) => quoted(`${name}:${summary}`)),
  );
  const fallback = commands.filter(({ isDefault }) => isDefault);
  return `#compdef mallog
_mallog() {
  local -a commands=(
    ${described.join("\n    ")}
  )
  if ((CURRENT == 2)) && [[ $PREFIX != -* ]]; then
    _describe -t commands command commands
    _files
    return
  fi
  local command=$words[2]
  if ((\${commands[(I)$command:*]})); then
    shift words
    ((CURRENT--))
  fi
  case $command in
${commands
  .filter(({ isDefault }) => !isDefault)
  .map((one) => caseOf(one.names.join("|"), one))
  .join("")}${fallback.map((one) => caseOf("*", one)).join("")}  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _mallog "$@"
else
  compdef _mallog mallog
fi
`;
}

function caseOf(pattern: string, { options, operands }: CompletedCommand): string {
  const specs = options.map(optionSpec);
  const operand =
    operands === null
      ? []
      : [quoted(`*:${operands === "file" ? "file" : "word"}:${action(operands)}`)];
  return `    ${pattern})
      _arguments -S \\
        ${[...specs, ...operand].join(" \\\n        ")}
      ;;
`;
}

function optionSpec({ flags, description, value }: CompletedOption): string {
  const named = flags.map((flag) =>
    value === undefined ? flag : flag.startsWith("--") ? `${flag}=` : `${flag}+`,
  );
  const text = `[${description.replace(/[[\]\\]/g, "\\$&")}]`;
  const argument = value === undefined ? "" : `:${value.name}:${action(value.completed)}`;
  const names = named.length === 1 ? named[0] : `{${named.join(",")}}`;
  return `'*'${names}${quoted(`${text}${argument}`)}`;
}

function action(completed: Completed): string {
  return completed === "file" ? "_files" : completed === null ? " " : `(${completed.join(" ")})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
