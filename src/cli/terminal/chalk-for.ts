import { Chalk, type ChalkInstance } from "chalk";
import type { Environment, Output } from "../io.ts";
import { coloured } from "./capabilities.ts";

/**
 * chalk limited to the sixteen colours of the terminal's theme. A file of its own, so that chalk is loaded only where
 * text may be coloured.
 */
export function chalkFor(stream: Output, env: Environment, option: boolean | null): ChalkInstance {
  return new Chalk({ level: coloured(stream, env, option) ? 1 : 0 });
}
