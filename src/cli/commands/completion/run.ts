import type { Command } from "commander";
import { bashCompletion } from "../../completion/bash-completion.ts";
import { type CompletedCommand, completedCommands } from "../../completion/completed-command.ts";
import { fishCompletion } from "../../completion/fish-completion.ts";
import { zshCompletion } from "../../completion/zsh-completion.ts";
import type { Shell } from "./options.ts";

const SCRIPTS: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** The script that completes a program's command line. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](completedCommands(program));
}
