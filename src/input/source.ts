import { constants, createReadStream } from "node:fs";
import { access, stat } from "node:fs/promises";
import { addAbortSignal, type Readable } from "node:stream";
import { InputError } from "./input-error.ts";

/** Where a log comes from: one or several pieces of it, in order. */
export interface LogInputs {
  /** paths, or `-` for standard input; none at all means standard input */
  readonly names: readonly string[];
  /** standard input; given, because only `cli/` sees the process */
  readonly stdin: Readable;
}

export interface Piece {
  /** as given by the user; `-` for standard input */
  readonly name: string;
  /** bytes on disk; undefined where only reading tells (pipes, devices, standard input) */
  readonly sizeBytes: number | undefined;
}

/** Larger chunks become strings beyond 128 KiB, which V8 keeps in its large-object space: measured a third slower. */
const READ_BYTES = 64 * 1024;

/**
 * Looks at every piece before the first is read: a typo in the last name should not cost the hour spent on the others.
 * @throws InputError missing, directory, permission, unreadable, stdinTwice
 */
export async function findPieces(names: readonly string[]): Promise<Piece[]> {
  if (names.length === 0) {
    return [{ name: "-", sizeBytes: undefined }];
  }
  if (names.indexOf("-") !== names.lastIndexOf("-")) {
    throw new InputError({ code: "stdinTwice" });
  }
  const pieces: Piece[] = [];
  for (const name of names) {
    pieces.push(name === "-" ? { name, sizeBytes: undefined } : await findFile(name));
  }
  return pieces;
}

async function findFile(path: string): Promise<Piece> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      throw new InputError({ code: "directory", path });
    }
    await access(path, constants.R_OK);
    return { name: path, sizeBytes: found.isFile() ? found.size : undefined };
  } catch (error) {
    throw asInputError(error, path);
  }
}

/**
 * The bytes of a piece as they are on disk. `onBytes` hears of each chunk before it is handed out. A signal that fires
 * ends the iteration with an AbortError, and closes the stream, standard input too.
 * @throws InputError unreadable, and those of `findPieces` for a file that has changed since
 */
export async function* readPiece(
  piece: Piece,
  stdin: Readable,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const stream =
    piece.name === "-" ? stdin : createReadStream(piece.name, { highWaterMark: READ_BYTES });
  if (signal !== undefined) {
    addAbortSignal(signal, stream);
  }
  const chunks: AsyncIterable<Buffer> = stream;
  try {
    for await (const chunk of chunks) {
      onBytes(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw signal?.aborted ? error : asInputError(error, piece.name);
  }
}

function asInputError(error: unknown, path: string): InputError {
  if (error instanceof InputError) {
    return error;
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new InputError({ code: "missing", path });
    case "EISDIR":
      return new InputError({ code: "directory", path });
    case "EACCES":
    case "EPERM":
      return new InputError({ code: "permission", path });
    default:
      return new InputError({
        code: "unreadable",
        path,
        reason: error instanceof Error ? error.message : String(error),
      });
  }
}
