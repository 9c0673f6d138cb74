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
  | { readonly code: "corrupt"; readonly path: string; readonly compression: "gzip" | "zstd" }
  /** neither this Node nor the PATH has zstd */
  | { readonly code: "zstdMissing"; readonly path: string }
  /** `tool -dc` decompresses it */
  | { readonly code: "compression"; readonly path: string; readonly tool: string };

export class InputError extends Error {
  readonly problem: InputProblem;

  constructor(problem: InputProblem) {
    super(inputProblemText(problem));
    this.name = "InputError";
    this.problem = problem;
  }
}

/** One line: the input, what is wrong with it, and what to do. */
export function inputProblemText(problem: InputProblem): string {
  switch (problem.code) {
    case "missing":
      return `${problem.path}: no such file; check the path, or give - to read standard input`;
    case "directory":
      return `${problem.path}: is a directory; name the log files in it, in order`;
    case "permission":
      return `${problem.path}: permission denied; make it readable for this user, or pipe it in: sudo cat ${problem.path} | mallog`;
    case "unreadable":
      return `${problem.path}: cannot be read (${problem.reason}); copy it to a healthy local disk and try again`;
    case "stdinTwice":
      return "standard input (-) is named more than once; name it once, in its place among the pieces";
    case "notFollowable":
      return `${problem.path}: is not a regular file; leave out --follow: it is read as it comes, to its end`;
    case "corrupt":
      return `${problem.path}: cannot be decompressed; copy it again, or test it with: ${TEST_COMMAND[problem.compression]} ${problem.path}`;
    case "zstdMissing":
      return `${problem.path}: is zstd-compressed, but there is no zstd command; install zstd, or use Node 22.15 or newer`;
    case "compression":
      return `${problem.path}: is compressed with ${problem.tool}; decompress it first: ${problem.tool} -dc ${problem.path} | mallog`;
  }
}

const TEST_COMMAND = { gzip: "gzip -t", zstd: "zstd -t" } as const;
