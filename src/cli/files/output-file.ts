import {
  closeSync,
  existsSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Chalk } from "chalk";
import type { TextStyle } from "../../report/text/style.ts";
import { endingOf } from "../../report/writers/index.ts";
import { Failure } from "../problems.ts";
import { reasonOf } from "./system-error.ts";

/** Of a text in a file, which should not depend on the terminal that happened to be there. */
export const FILE_STYLE: TextStyle = { width: 120, chalk: new Chalk({ level: 0 }) };

/**
 * A report file that appears whole or not at all: a temporary file beside the target, opened before the work starts so
 * that a bad path fails early, and renamed over the target when all is written.
 */
export class OutputFile {
  /** as typed */
  readonly name: string;
  /** with its dots; one of those that have a format */
  readonly ending: string;
  readonly #target: string;
  readonly #temporary: string;
  readonly #handle: number;

  /** @throws Failure output */
  constructor(name: string, ending: string, cwd: string) {
    this.name = name;
    this.ending = ending;
    this.#target = realPath(name, cwd);
    this.#temporary = join(dirname(this.#target), `.${basename(name)}.${crypto.randomUUID()}.tmp`);
    try {
      if (statSync(this.#target, { throwIfNoEntry: false })?.isDirectory()) {
        throw new Error("it is a directory");
      }
      this.#handle = openSync(this.#temporary, "wx");
    } catch (error) {
      throw this.#cannotWrite(error);
    }
  }

  /** @throws Failure output; then neither the target nor the temporary file is there */
  write(text: string): void {
    try {
      writeFileSync(this.#handle, text);
      closeSync(this.#handle);
      renameSync(this.#temporary, this.#target);
    } catch (error) {
      throw this.#cannotWrite(error);
    }
  }

  /** Leaves no trace of a file that was not written; harmless after `write`. */
  discard(): void {
    rmSync(this.#temporary, { force: true });
  }

  #cannotWrite(error: unknown): Failure {
    // In /proc and the like, which hold no files but their own, ENOENT does not mean what it says.
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const reason =
      isMissing && existsSync(dirname(this.#target))
        ? "no file can be made in its directory"
        : reasonOf(error);
    return new Failure({ code: "output", file: this.name, reason });
  }
}

/**
 * Opens all files of a run, or none. `endings`: those that have a format.
 * @throws Failure outputEnding, outputTwice, outputIsInput, output
 */
export function openOutputs(
  names: readonly string[],
  inputs: readonly string[],
  cwd: string,
  endings: readonly string[],
): OutputFile[] {
  const taken = new Set<string>();
  const wanted: { name: string; ending: string }[] = [];
  const logs = new Set(inputs.filter((input) => input !== "-").map((path) => realPath(path, cwd)));
  for (const file of names) {
    const ending = endingOf(file, endings);
    if (ending === null) {
      throw new Failure({ code: "outputEnding", file, known: endings });
    }
    const path = realPath(file, cwd);
    if (taken.has(path)) {
      throw new Failure({ code: "outputTwice", file });
    }
    if (logs.has(path)) {
      throw new Failure({ code: "outputIsInput", file });
    }
    taken.add(path);
    wanted.push({ name: file, ending });
  }
  const opened: OutputFile[] = [];
  try {
    for (const { name, ending } of wanted) {
      opened.push(new OutputFile(name, ending, cwd));
    }
  } catch (error) {
    for (const file of opened) {
      file.discard();
    }
    throw error;
  }
  return opened;
}

/** Where the name leads, through links; as typed when there is nothing yet. */
function realPath(name: string, cwd: string): string {
  const path = resolve(cwd, name);
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
