import type { InputProblem } from "../input/input-error.ts";
import type { ShortWords } from "../trace/signs/word-size.ts";
import { Exit } from "./exit-codes.ts";

/**
 * Everything that ends mallog early and is not a bug in mallog. The union is closed: the compiler demands an exit code
 * below and a text in problem-text.ts for each code.
 */
export type Problem =
  /** a command line that cannot be understood; `message` names the option or argument */
  | { readonly code: "usage"; readonly message: string }
  /** `option`: with its dashes; `value`: as typed, null where `reason` quotes it */
  | {
      readonly code: "option";
      readonly option: string;
      readonly value: string | null;
      readonly reason: string;
    }
  /** a first operand that is not a file, but close to a command's name */
  | { readonly code: "command"; readonly typed: string; readonly meant: string }
  /** `known`: the endings that select a format, with their dots */
  | { readonly code: "outputEnding"; readonly file: string; readonly known: readonly string[] }
  | { readonly code: "outputTwice"; readonly file: string }
  | { readonly code: "outputIsInput"; readonly file: string }
  /** `place`: the option, or the file with line and column, that the budget comes from */
  | { readonly code: "budget"; readonly place: string; readonly reason: string }
  | { readonly code: "config"; readonly place: string; readonly reason: string }
  /** a JSON report of an earlier run that cannot be read */
  | { readonly code: "report"; readonly file: string; readonly reason: string }
  | { readonly code: "output"; readonly file: string; readonly reason: string }
  /** --process; `names`: the processes that the log has */
  | { readonly code: "process"; readonly asked: string; readonly names: readonly string[] }
  /** the recording hook cannot be built; `reason` says what to do */
  | { readonly code: "hook"; readonly reason: string }
  /** the calls cannot be replayed natively; `what`: the allocator or settings; `reason` says what to do */
  | { readonly code: "notReplayed"; readonly what: string; readonly reason: string }
  /** mallog record: the command cannot be started */
  | {
      readonly code: "notStarted";
      readonly command: string;
      readonly isMissing: boolean;
      readonly reason: string;
    }
  /** mallog watch: `reason` says why gdb cannot attach the hook, and what to do */
  | { readonly code: "notAttached"; readonly pid: number; readonly reason: string }
  /** no process has written a log */
  | {
      readonly code: "notRecorded";
      readonly command: string;
      readonly cause: "notLoaded" | "notBegun" | "notWritten";
    }
  | InputProblem
  /** the log is of a 32-bit process; `shown`: what shows it; null: a comment says so */
  | { readonly code: "shortWords"; readonly shown: ShortWords | null }
  /** `limitBytes`: of the heap that Node allows, where that is what is full; null: the system grants no more memory */
  | { readonly code: "memory"; readonly limitBytes: number | null }
  /** the system opens no more files for this process */
  | { readonly code: "openFiles" }
  /** the text would be longer than Node.js allows; `threads`: of the report; null: it is of a moment's heap */
  | { readonly code: "tooLong"; readonly threads: number | null }
  /** not one byte of input */
  | { readonly code: "empty"; readonly sources: readonly string[] }
  | {
      readonly code: "noEvents";
      readonly sources: readonly string[];
      /** the log is of mallog's hook */
      readonly isRecorded: boolean;
      readonly lines: number;
      /** the first line that is not a malloc call; null: comments and blank lines only */
      readonly sample: { readonly line: number; readonly text: string } | null;
    };

/** Ends a run early. problem-text.ts has the text for the user. */
export class Failure extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.code);
    this.name = "Failure";
    this.problem = problem;
  }
}

export function exitCodeOf(problem: Problem): number {
  switch (problem.code) {
    case "usage":
    case "option":
    case "command":
    case "outputEnding":
    case "outputTwice":
    case "outputIsInput":
    case "budget":
    case "config":
    case "stdinTwice":
    case "process":
    case "notFollowable":
      return Exit.usage;
    case "notStarted":
      return problem.isMissing ? Exit.commandMissing : Exit.commandRefused;
    case "hook":
    case "notAttached":
    case "notReplayed":
    case "notRecorded":
    case "report":
    case "output":
    case "missing":
    case "directory":
    case "permission":
    case "unreadable":
    case "corrupt":
    case "decoderMissing":
    case "container":
    case "notALog":
    case "empty":
    case "noEvents":
    case "shortWords":
    case "memory":
    case "openFiles":
    case "tooLong":
      return Exit.unusable;
  }
}
