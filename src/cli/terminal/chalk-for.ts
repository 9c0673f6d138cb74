import { Chalk, type ChalkInstance } from "chalk";
import type { Environment, Output } from "../io.ts";
import { coloured } from "./capabilities.ts";

/**
 * The sixteen colours of the terminal's own theme are all that is used. Apart from terminal.ts, so that chalk is loaded
 * only where something may be coloured.
 */
export function chalkFor(
  stream: Output,
  env: Environment,
  option: boolean | undefined,
): ChalkInstance {
  return new Chalk({ level: coloured(stream, env, option) ? 1 : 0 });
}
