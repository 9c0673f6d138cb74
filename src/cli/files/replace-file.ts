import { renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/** A new name in the target's folder. It lacks the file's own name, which may be as long as a name can be. */
export function temporaryBeside(target: string): string {
  return join(dirname(target), `.mallog-${crypto.randomUUID()}.tmp`);
}

/** Puts what `make` writes in the target's place: whole, or not at all. Processes that have the old file mapped keep it. */
export function replaceFile(target: string, temporary: string, make: (path: string) => void): void {
  try {
    make(temporary);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
