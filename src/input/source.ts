import { constants, open } from "node:fs";
import { access, stat } from "node:fs/promises";
import { addAbortSignal, Readable } from "node:stream";
import { promisify } from "node:util";
import { followed } from "./follow.ts";
import { bytesOfParents, withParents } from "./forked-log.ts";
import type { GivenShape } from "./formats/columns/given-columns.ts";
import { InputError } from "./input-error.ts";
import { bytesOf } from "./open-file.ts";

/** The pieces of a log, in order. */
export interface LogInputs {
  /** paths, or `-` for standard input; empty: standard input */
  readonly names: readonly string[];
  /** standard input; a parameter, because only `cli/` may use the process */
  readonly stdin: AsyncIterable<Buffer>;
  /** the last piece is still being written: it is read as it grows, until an abort */
  readonly follows?: boolean;
  /** what the user says of the lines; null or absent: the first lines show it */
  readonly given?: GivenShape | null;
}

export interface Piece {
  /** as the user wrote it; `-` for standard input */
  readonly name: string;
  /** bytes on disk, with those of a forked process's parents; null for pipes, devices and standard input */
  readonly sizeBytes: number | null;
  /** read as it grows (follow.ts) */
  readonly isFollowed?: true;
}

/**
 * Checks every piece before the first is read: a typo in the last name must not show only after an hour of reading.
 * `follows`: the last one is to be followed, and may be missing yet.
 * @throws InputError missing, directory, permission, unreadable, stdinTwice, notFollowable
 */
export async function findPieces(names: readonly string[], follows = false): Promise<Piece[]> {
  if (names.length === 0) {
    return [{ name: "-", sizeBytes: null }];
  }
  if (names.indexOf("-") !== names.lastIndexOf("-")) {
    throw new InputError({ code: "stdinTwice" });
  }
  const pieces: Piece[] = [];
  for (const [n, name] of names.entries()) {
    if (follows && n === names.length - 1) {
      pieces.push(await findFollowed(name));
    } else {
      pieces.push(name === "-" ? { name, sizeBytes: null } : await findFile(name));
    }
  }
  return pieces;
}

async function findFollowed(path: string): Promise<Piece> {
  const piece: Piece = { name: path, sizeBytes: null, isFollowed: true };
  try {
    const { sizeBytes } = await findFile(path);
    if (sizeBytes === null) {
      throw new InputError({ code: "notFollowable", path });
    }
  } catch (error) {
    if (!(error instanceof InputError && error.problem.code === "missing")) {
      throw error;
    }
  }
  return piece;
}

async function findFile(path: string): Promise<Piece> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      throw new InputError({ code: "directory", path });
    }
    await access(path, constants.R_OK);
    const sizeBytes = found.isFile() ? found.size + bytesOfParents(path) : null;
    return { name: path, sizeBytes };
  } catch (error) {
    throw asInputError(error, path);
  }
}

const openFile = promisify(open);

/**
 * The bytes of a piece as on disk, in chunks that are valid only until the next one is requested. Calls `onBytes` with
 * the length of each chunk before it yields it. An abort ends the iteration with an AbortError and closes the file, also
 * standard input.
 * @throws InputError unreadable, and those of `findPieces` for a file that has changed since
 */
export async function* readPiece(
  piece: Piece,
  stdin: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of await opened(piece, stdin, signal)) {
      onBytes(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw signal?.aborted ? error : asInputError(error, piece.name);
  }
}

async function opened(
  { name, isFollowed }: Piece,
  stdin: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  if (isFollowed) {
    return followed(name, signal);
  }
  if (name === "-") {
    return untilAborted(stdin, signal);
  }
  return withParents(name, signal) ?? bytesOf(await openFile(name, "r"), signal);
}

/** A stream needs the signal added; any other iterable must handle an abort itself. */
function untilAborted(bytes: AsyncIterable<Buffer>, signal?: AbortSignal): AsyncIterable<Buffer> {
  if (bytes instanceof Readable && signal !== undefined) {
    addAbortSignal(signal, bytes);
  }
  return bytes;
}

/** Too many open files are no fault of the input. */
function asInputError(error: unknown, path: string): Error {
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
    case "EMFILE":
    case "ENFILE":
      return new Error(`${code}: too many open files`);
    default:
      return new InputError({
        code: "unreadable",
        path,
        reason: error instanceof Error ? error.message : String(error),
      });
  }
}
