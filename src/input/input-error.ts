import type { Compression, Container, DecompressedByCommand } from "./compressions.ts";
import type { OtherFile } from "./not-a-log.ts";

/**
 * Why an input cannot be read at all. Lesser faults (bad lines, a broken tail) are counted in `Diagnostics`. The union
 * is closed: a new code does not compile without its text in `inputProblemText`.
 */
export type InputProblem =
  | { readonly code: "missing"; readonly path: string }
  | { readonly code: "directory"; readonly path: string }
  | { readonly code: "permission"; readonly path: string }
  /** `reason`: the system's message */
  | { readonly code: "unreadable"; readonly path: string; readonly reason: string }
  | { readonly code: "stdinTwice" }
  /** a pipe or a device, which is read as it comes */
  | { readonly code: "notFollowable"; readonly path: string }
  /** no byte could be decompressed */
  | { readonly code: "corrupt"; readonly path: string; readonly compression: Compression }
  /** the PATH does not have the command that decompresses it, or it cannot be started */
  | {
      readonly code: "decoderMissing";
      readonly path: string;
      readonly tool: DecompressedByCommand;
    }
  /** an archive, or compressed in a way that mallog does not read */
  | { readonly code: "container"; readonly path: string; readonly container: Container }
  /** a profile, a dump or anything else that has no calls */
  | { readonly code: "notALog"; readonly path: string; readonly file: OtherFile };

export class InputError extends Error {
  readonly problem: InputProblem;

  constructor(problem: InputProblem) {
    super(inputProblemText(problem));
    this.name = "InputError";
    this.problem = problem;
  }
}

/**
 * One line: the input, what is wrong with it, and what to do. `word`: a path as a word of the shell, for the commands that
 * the line names.
 */
export function inputProblemText(
  problem: InputProblem,
  word: (path: string) => string = (path) => path,
): string {
  switch (problem.code) {
    case "missing":
      return `${problem.path}: no such file; check the path, or give - to read standard input`;
    case "directory":
      return `${problem.path}: is a directory; name the log files in it, in order`;
    case "permission":
      return `${problem.path}: permission denied; make it readable for this user, or pipe it in: sudo cat ${word(problem.path)} | mallog`;
    case "unreadable":
      return `${problem.path}: cannot be read (${problem.reason}); copy it to a healthy local disk and try again`;
    case "stdinTwice":
      return "standard input (-) is named more than once; name it once, in its place among the pieces";
    case "notFollowable":
      return `${problem.path}: is not a regular file; leave out --follow: it is read as it comes, to its end`;
    case "corrupt":
      return `${problem.path}: cannot be decompressed; copy it again, or test it with: ${problem.compression} -t ${word(problem.path)}`;
    case "decoderMissing": {
      const { path, tool } = problem;
      const newer = tool === "zstd" ? ", or use Node 22.15 or newer" : "";
      return `${path}: is ${tool}-compressed, and there is no ${tool} command; install ${tool}${newer}, or decompress it elsewhere: ${piped(word(path), `${tool} -dc`, `${tool} -dc`)}`;
    }
    case "container": {
      const { is, command, inPipe } = CONTAINERS[problem.container];
      return `${problem.path}: is ${is}: ${piped(word(problem.path), command, inPipe)}`;
    }
    case "notALog": {
      const { is, instead } = problem.file;
      const name = problem.path === "-" ? "FILE" : word(problem.path);
      return `${problem.path}: is ${is}, no log of calls; ${instead.replace("FILE", () => name)}`;
    }
  }
}

/** How to pipe an input into mallog. `inPipe`: the command where the input is a pipe itself; null: it needs a file. */
function piped(path: string, command: string, inPipe: string | null): string {
  if (path !== "-") {
    return `${command} ${path} | mallog`;
  }
  return inPipe === null ? `${command} FILE | mallog` : `… | ${inPipe} | mallog`;
}

interface ContainerText {
  readonly is: string;
  /** writes the content of the file that follows to standard output */
  readonly command: string;
  /** the same, from standard input; null: it cannot */
  readonly inPipe: string | null;
}

const LZIP = "lzip -dc";
const GZIP = "gzip -dc";

const CONTAINERS: Readonly<Record<Container, ContainerText>> = {
  zip: { is: "a zip archive; unpack it first", command: "unzip -p", inPipe: "funzip" },
  sevenZip: { is: "a 7z archive; unpack it first", command: "7z e -so", inPipe: null },
  tar: { is: "a tar archive; unpack the log first", command: "tar -xOf", inPipe: "tar -xO" },
  rar: { is: "a rar archive; unpack it first", command: "unrar p -inul", inPipe: null },
  compress: { is: "compressed by compress; decompress it first", command: GZIP, inPipe: GZIP },
  lzip: { is: "compressed by lzip; decompress it first", command: LZIP, inPipe: LZIP },
};
