import {
  closeSync,
  existsSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Chalk } from "chalk";
import type { TextStyle } from "../../report/text/style.ts";
import { endingOf } from "../../report/writers/index.ts";
import { Failure } from "../problems.ts";
import { replaceFile, temporaryBeside } from "./replace-file.ts";
import { writeErrorReason } from "./system-error.ts";

/** The file must not exist. */
const CREATED = { flag: "wx" } as const;

/** The style of text in files: it does not depend on the terminal. */
export const FILE_STYLE: TextStyle = { width: 120, chalk: new Chalk({ level: 0 }) };

/**
 * A report file, written whole or not at all: a temporary file beside the target, renamed over it once all is written.
 * Whether that is possible is tried before the log is read, so that a bad path fails early. In between there is no file
 * that a process which is killed would leave behind.
 *
 * A named pipe or a device is written to as it is, not replaced.
 */
export class OutputFile {
  /** as typed */
  readonly name: string;
  /** the ending that selects the format, with its dots */
  readonly ending: string;
  readonly #target: string;
  /** null: the target is a pipe or a device */
  readonly #temporary: string | null;

  /** @throws Failure output */
  constructor(name: string, ending: string, cwd: string) {
    this.name = name;
    this.ending = ending;
    this.#target = realPath(name, cwd);
    const temporary = temporaryBeside(this.#target);
    try {
      const found = statSync(this.#target, { throwIfNoEntry: false });
      if (found?.isDirectory()) {
        throw new Error("it is a directory");
      }
      this.#temporary = found === undefined || found.isFile() ? temporary : null;
      if (this.#temporary !== null) {
        writeFileSync(temporary, "", CREATED);
        rmSync(temporary);
      }
    } catch (error) {
      throw this.#cannotWrite(error);
    }
  }

  /** `text`: whole or in pieces. @throws Failure output; a target that is a file keeps its old content */
  async write(text: string | Iterable<string>): Promise<void> {
    try {
      if (this.#temporary === null) {
        // Not at once: a pipe may have no reader yet, and this thread must hear of signals.
        await writeFile(this.#target, text);
      } else {
        const pieces = typeof text === "string" ? [text] : text;
        replaceFile(this.#target, this.#temporary, (path) => writePieces(path, pieces));
      }
    } catch (error) {
      throw this.#cannotWrite(error);
    }
  }

  /**
   * Writes what `make` hands on, part by part. The target keeps its old content if `make` returns false or throws.
   * @throws Failure output; and what `make` throws
   */
  async writeParts(
    make: (write: (part: string | Buffer) => Promise<void>) => Promise<boolean>,
  ): Promise<void> {
    const path = this.#temporary ?? this.#target;
    const file = await this.#tried(open(path, this.#temporary === null ? "w" : CREATED.flag));
    let isWhole = false;
    try {
      isWhole = await make((part) => this.#tried(file.appendFile(part)));
    } finally {
      await this.#end(file, isWhole);
    }
  }

  async #end(file: FileHandle, isWhole: boolean): Promise<void> {
    await this.#tried(file.close());
    if (this.#temporary === null) {
      return;
    }
    if (isWhole) {
      await this.#tried(rename(this.#temporary, this.#target));
    } else {
      await rm(this.#temporary, { force: true });
    }
  }

  async #tried<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#cannotWrite(error);
    }
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

function writePieces(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, CREATED.flag);
  try {
    for (const piece of pieces) {
      writeFileSync(file, piece);
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Returns the output files of a run; all can be written. `endings`: those that select a format, with their dots.
 * @throws Failure outputEnding, outputTwice, outputIsInput, output
 */
export function outputFiles(
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
  return wanted.map(({ name, ending }) => new OutputFile(name, ending, cwd));
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
