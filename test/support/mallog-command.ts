import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Writes a shell script as a command into a folder, which is to be in the PATH. */
export function writeCommand(bin: string, name: string, script: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** The built mallog. */
export const MALLOG = fileURLToPath(new URL("../../bin/mallog.js", import.meta.url));

/** The shell command that starts the built mallog; arguments may follow. */
export function mallogCommand(): string {
  return `exec ${process.execPath} ${MALLOG}`;
}
