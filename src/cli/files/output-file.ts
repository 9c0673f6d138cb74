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
import { writeErrorReason } from "./system-error.ts";

/** The style of text in files: it does not depend on the terminal. */
export const FILE_STYLE: TextStyle = { width: 120, chalk: new Chalk({ level: 0 }) };

/**
 * A report file, written whole or not at all: a temporary file beside the target, renamed over it once all is written.
 * It is opened before the log is read, so that a bad path fails early.
 */
export class OutputFile {
  /** as typed */
  readonly name: string;
  /** the ending that selects the format, with its dots */
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

  /** @throws Failure output; the target keeps its old content */
  write(text: string): void {
    try {
      writeFileSync(this.#handle, text);
      closeSync(this.#handle);
      renameSync(this.#temporary, this.#target);
    } catch (error) {
      throw this.#cannotWrite(error);
    }
  }

  /** Removes the temporary file; does nothing after a successful `write`. */
  discard(): void {
    rmSync(this.#temporary, { force: true });
  }

  #cannotWrite(error: unknown): Failure {
    // File systems like /proc, where no file can be created, answer ENOENT for a directory that exists.
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const reason =
      isMissing && existsSync(dirname(this.#target))
        ? "no file can be created in its directory"
        : writeErrorReason(error);
    return new Failure({ code: "output", file: this.name, reason });
  }
}

/**
 * Opens all output files of a run, or none. `endings`: those that select a format, with their dots.
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

/** The absolute path, with links resolved if the file exists. */
function realPath(name: string, cwd: string): string {
  const path = resolve(cwd, name);
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
