import { printable } from "../../report/wording/printable.ts";
import type { Output } from "../io.ts";

/**
 * Writes a message of mallog's own to standard error: one line, or several. All messages come through here, because names
 * of files, logs and the system's own texts may hold escape sequences. `prefix`: "mallog:", perhaps in colour.
 */
export function message(
  stderr: Output,
  text: string | readonly string[],
  prefix = "mallog:",
): void {
  const lines = [text].flat().map(printable);
  stderr.write(`${prefix} ${lines.join("\n")}\n`);
}
