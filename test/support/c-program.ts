import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

/** A C program of this folder, compiled into a temporary folder that is removed after the file's tests. */
export class CProgram {
  readonly folder: string;
  readonly path: string;
  readonly #source: string;

  constructor(name: string) {
    const folder = mkdtempSync(join(tmpdir(), `mallog-${name}-`));
    this.folder = folder;
    this.path = join(folder, name);
    this.#source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
    afterAll(() => rmSync(folder, { recursive: true }));
  }

  /** @throws Error gcc fails; the message has its output */
  compile(...flags: readonly string[]): void {
    execFileSync("gcc", [...flags, "-o", this.path, this.#source], { stdio: "pipe" });
  }
}
