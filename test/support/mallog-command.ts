import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Puts a command into a folder of the PATH. */
export function commandIs(bin: string, name: string, script: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** mallog as it is built. */
export const MALLOG = fileURLToPath(new URL("../../bin/mallog.js", import.meta.url));

/** It as a command line, to which arguments can be added. */
export function mallogHere(): string {
  return `exec ${process.execPath} ${MALLOG}`;
}
