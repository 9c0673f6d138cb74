import type { Completed, CompletedCommand } from "./completed-command.ts";

/** A script for bash, also for that of macOS, 3.2. Where it finds nothing, bash completes the names of files. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.flatMap((command) => command.names);
  const fallback = commands.find(({ isDefault }) => isDefault)?.names[0] ?? "";
  return `# bash completion for mallog
_mallog() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=${fallback} words= file
  COMPREPLY=()
  # bash takes --option=value apart.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD > 1)); then
    case \${COMP_WORDS[1]} in
      ${names.join("|")}) command=\${COMP_WORDS[1]} ;;
    esac
  fi
  case "$command $prev" in
${commands.flatMap(valueCases).join("")}  esac
  case "$command $cur" in
${commands.map(optionCase).join("")}${commands.flatMap(operandCases).join("")}  esac
  if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
    words="${names.join(" ")}"
    while IFS= read -r file; do
      COMPREPLY+=("$file")
    done < <(compgen -f -- "$cur")
  fi
  COMPREPLY+=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _mallog mallog
`;
}

/** Values of options. */
function valueCases({ names, options }: CompletedCommand): string[] {
  return options.flatMap(({ flags, value }) => {
    if (value === undefined) {
      return [];
    }
    const patterns = names.flatMap((name) => flags.map((flag) => `"${name} ${flag}"`));
    return [`    ${patterns.join("|")}) ${reply(value.completed)}return ;;\n`];
  });
}

function reply(completed: Completed): string {
  return Array.isArray(completed)
    ? `COMPREPLY=($(compgen -W "${completed.join(" ")}" -- "$cur")); `
    : "";
}

function optionCase({ names, options }: CompletedCommand): string {
  const patterns = names.map((name) => `"${name} -"*`);
  const flags = options.flatMap((option) => option.flags);
  return `    ${patterns.join("|")}) words="${flags.join(" ")}" ;;\n`;
}

function operandCases({ names, operands }: CompletedCommand): string[] {
  return Array.isArray(operands)
    ? [`    ${names.map((name) => `"${name} "*`).join("|")}) words="${operands.join(" ")}" ;;\n`]
    : [];
}
