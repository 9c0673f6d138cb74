import { type FlameKey, stacksOf } from "../flame.ts";
import type { Writer } from "./writer.ts";

/**
 * Folded stacks for flamegraph.pl, inferno and others: a line for each stack, frames separated by semicolons, then its
 * bytes.
 */
export function foldedOf(key: FlameKey): Writer {
  return ({ report }) =>
    stacksOf(report, key)
      .map(({ frames, bytes }) => `${frames.map(({ name }) => folded(name)).join(";")} ${bytes}\n`)
      .join("");
}

/** A semicolon would begin another frame. */
function folded(name: string): string {
  return name.replaceAll(";", ",");
}
