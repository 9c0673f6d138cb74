import { buildProgram, type Commands } from "../program.ts";
import { type Edition, manPage } from "./man-page.ts";

/** Columns of the texts behind the options, as they are written. */
const WIDTH = 80;

const nothing = async (): Promise<void> => {};

const COMMANDS: Commands = {
  analyze: nothing,
  check: nothing,
  diff: nothing,
  inspect: nothing,
  sweep: nothing,
  replay: nothing,
  verify: nothing,
  record: nothing,
  watch: nothing,
  convert: nothing,
  shrink: nothing,
  hook: nothing,
  completion: nothing,
  schema: nothing,
};

/** mallog's man page, from the same source as --help. */
export function manual({ version, date }: Edition): string {
  let help = "";
  const program = buildProgram(
    { version, helpWidth: WIDTH },
    (text) => {
      help += text;
    },
    COMMANDS,
  );
  return manPage(
    program,
    (command) => {
      help = "";
      command.outputHelp();
      return help;
    },
    { version, date },
  );
}
