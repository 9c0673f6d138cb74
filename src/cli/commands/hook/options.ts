import { type Command, Option } from "commander";
import { HOOK_ARCHES, type HookArch } from "../../../native/hook-arches.ts";

export interface HookValues {
  readonly output?: string;
  readonly source?: true;
  readonly arch?: HookArch;
}

const AFTER_HELP = `
The hook is a library for LD_PRELOAD that logs every malloc call. It works with
every glibc from 2.17 on. If the package was made without it, the C compiler builds
it once, into $XDG_CACHE_HOME/mallog or ~/.cache/mallog. docs/recording.md has the
hook's variables, and recipes for containers and services.

Exit codes:
  0    done
  2    wrong usage
  3    the hook cannot be built or written

Examples:
  LD_PRELOAD=$(mallog hook) MALLOG_OUT=malloc.%p.log java -jar app.jar
  mallog hook -o mallog-hook.so
  mallog hook --source -o hook.c && cc -O2 -fPIC -shared -o mallog-hook.so hook.c
`;

/** Adds `hook`, which builds or prints the recording hook. */
export function addHook(program: Command, run: (values: HookValues) => Promise<void>): void {
  program
    .command("hook")
    .summary("write the hook that records programs, or its source")
    .description("Prints the path of the recording hook, or writes it to a file.")
    .option("-o, --output <file>", "write the hook to this file")
    .option("--source", "the C source instead of the library; without -o on standard output")
    .addOption(
      new Option("--arch <arch>", "machine it is to run on (default: this one)").choices([
        ...HOOK_ARCHES,
      ]),
    )
    .action((values: HookValues) => run(values))
    .addHelpText("after", AFTER_HELP);
}
