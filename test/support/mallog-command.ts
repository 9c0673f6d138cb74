import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Puts a command into a folder of the PATH. */
export function commandIs(bin: string, name: string, script: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** These sources as a command line, to which arguments can be added. */
export function mallogHere(): string {
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const tsx = import.meta.resolve("tsx");
  return `exec ${process.execPath} --import ${tsx} ${main}`;
}
