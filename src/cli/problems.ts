import { count, plural } from "../report/format.ts";
import { printable, sourceName } from "../report/printable.ts";
import { cut } from "../report/shorten.ts";

/**
 * Everything that ends mallog early and is not mallog's own fault. The union is closed: whoever adds a code is made by
 * the compiler to give it a sentence and an exit code below.
 */
export type Problem =
  /** `message`: commander's, or that of one of our option parsers; `command`: whose help tells more, if it is not mallog's */
  | { readonly code: "usage"; readonly message: string; readonly command?: string }
  | { readonly code: "setting"; readonly option: string; readonly reason: string }
  /** a first operand that is no file, but nearly a command */
  | { readonly code: "command"; readonly typed: string; readonly meant: string }
  | { readonly code: "outputEnding"; readonly file: string; readonly known: readonly string[] }
  | { readonly code: "outputTwice"; readonly file: string }
  | { readonly code: "outputIsInput"; readonly file: string }
  /** `place`: the option or the line of the file that it was read from */
  | { readonly code: "budget"; readonly place: string; readonly reason: string }
  | { readonly code: "config"; readonly place: string; readonly reason: string }
  /** an earlier report that cannot be compared with */
  | { readonly code: "report"; readonly file: string; readonly reason: string }
  /** `reason`: the system's own words */
  | { readonly code: "output"; readonly file: string; readonly reason: string }
  /** `text`: the sentence of src/input, cure included */
  | { readonly code: "input"; readonly text: string }
  | { readonly code: "empty"; readonly sources: readonly string[] }
  | {
      readonly code: "noEvents";
      readonly sources: readonly string[];
      readonly lines: number;
      readonly sample: { readonly line: number; readonly text: string } | null;
    };

export class Failure extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problemText(problem));
    this.name = "Failure";
    this.problem = problem;
  }
}

/** Enough of a line to recognise what sort of file it is from. */
const SAMPLE_CHARACTERS = 60;

/** One line: what is wrong where, and what to do about it. */
export function problemText(problem: Problem): string {
  switch (problem.code) {
    case "usage":
      return `${problem.message}; see ${["mallog", problem.command ?? [], "--help"].flat().join(" ")}`;
    case "setting":
      return `${problem.option}: ${problem.reason}; see mallog --help`;
    case "command":
      return `${problem.typed}: no such file or command; did you mean mallog ${problem.meant}?`;
    case "outputEnding":
      return `-o ${problem.file}: the file's ending chooses the format; end it in ${either(problem.known)}`;
    case "outputTwice":
      return `-o ${problem.file}: given twice; name a file of its own for each format`;
    case "outputIsInput":
      return `-o ${problem.file}: is the input itself; name another file`;
    case "budget":
      return `${printable(problem.place)}: ${printable(problem.reason)}; see mallog check --help`;
    case "config":
      return `${printable(problem.place)}: ${printable(problem.reason)}`;
    case "report":
      return `${sourceName(problem.file)}: ${printable(problem.reason)}; give a report made with mallog LOG -o FILE.json`;
    case "output":
      return `cannot write ${problem.file}: ${problem.reason}`;
    case "input":
      return problem.text;
    case "empty":
      return `${problem.sources.map(sourceName).join(", ")}: empty; check that the logger was loaded and the process ran`;
    case "noEvents": {
      const { lines, sample } = problem;
      const text = sample === null ? "" : `: ${cut(printable(sample.text), SAMPLE_CHARACTERS)}`;
      const first = sample === null ? "" : `, the first is line ${count(sample.line)}${text}`;
      const tried =
        lines === 1
          ? `its only line is no malloc call${text}`
          : `none of ${plural(lines, "line")} is a malloc call${first}`;
      return `${problem.sources.map(sourceName).join(", ")}: ${tried}; expected lines like: 16342 00:00:01.5 [0x7f01] malloc(20) = 0x5581a2b0`;
    }
  }
}

/** "a, b or c" */
function either(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

export const Exit = {
  done: 0,
  /** a budget was not kept */
  exceeded: 1,
  usage: 2,
  /** the input is of no use, or the report cannot be written */
  unusable: 3,
  /** EX_SOFTWARE: a fault of mallog itself */
  internal: 70,
  interrupted: 130,
  terminated: 143,
} as const;

export function exitCodeOf(problem: Problem): number {
  switch (problem.code) {
    case "usage":
    case "setting":
    case "command":
    case "outputEnding":
    case "outputTwice":
    case "outputIsInput":
    case "budget":
    case "config":
      return Exit.usage;
    case "report":
    case "output":
    case "input":
    case "empty":
    case "noEvents":
      return Exit.unusable;
  }
}
