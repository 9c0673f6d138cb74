import { Argument, type Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

const AFTER_HELP = `
Completes commands, options, their values, and names of files.

Examples:
  eval "$(mallog completion bash)"      in ~/.bashrc
  eval "$(mallog completion zsh)"       in ~/.zshrc, below compinit
  mallog completion fish > ~/.config/fish/completions/mallog.fish
`;

/** Adds `completion`, which prints what a shell needs to complete mallog's command line. */
export function addCompletion(program: Command, run: (shell: Shell) => Promise<void>): void {
  program
    .command("completion")
    .summary("print the completion script for a shell")
    .description("Prints a script that completes mallog's command line in a shell.")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .action((shell: Shell) => run(shell))
    .addHelpText("after", AFTER_HELP);
}
