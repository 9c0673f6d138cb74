import { constants } from "node:buffer";
import { inputProblemText } from "../input/input-error.ts";
import { count, exact, plural, size } from "../report/wording/format.ts";
import { printable, sourceName } from "../report/wording/printable.ts";
import { cut } from "../report/wording/shorten.ts";
import type { ShortWords } from "../trace/signs/word-size.ts";
import type { Problem } from "./problems.ts";
import { shellWord } from "./terminal/shell-word.ts";

/**
 * One line: what is wrong, where, and what to do about it. `command`: the one that was run, for a pointer to its help;
 * null: none was named.
 */
export function problemText(problem: Problem, command: string | null): string {
  const help = isAboutUsage(problem)
    ? `; see ${["mallog", command ?? [], "--help"].flat().join(" ")}`
    : "";
  return `${printable(sentence(problem))}${help}`;
}

function isAboutUsage({ code }: Problem): boolean {
  return (
    code === "usage" ||
    code === "option" ||
    code === "budget" ||
    code === "config" ||
    code === "stdinTwice"
  );
}

/** Enough of a line to recognise what kind of file it is from. */
const SAMPLE_CHARACTERS = 60;

function sentence(problem: Problem): string {
  switch (problem.code) {
    case "usage":
      return problem.message;
    case "option": {
      const { option, value, reason } = problem;
      return `${option}${value === null ? "" : ` ${shellWord(value)}`}: ${reason}`;
    }
    case "command":
      return `${problem.typed}: no such file or command; did you mean mallog ${problem.meant}?`;
    case "outputEnding":
      return `-o ${problem.file}: unknown format; end the file's name in ${either(problem.known)}`;
    case "outputTwice":
      return `-o ${problem.file}: given twice; give each report a file of its own`;
    case "outputIsInput":
      return `-o ${problem.file}: is also an input; name another file`;
    case "budget":
    case "config":
      return `${problem.place}: ${problem.reason}`;
    case "report":
      return `${sourceName(problem.file)}: ${problem.reason}; give a report made with mallog LOG -o FILE.json`;
    case "output":
      return `cannot write ${problem.file}: ${problem.reason}`;
    case "hook":
      return problem.reason;
    case "notStarted":
      return `${problem.command}: ${problem.reason}`;
    case "notAttached":
      return `process ${problem.pid} cannot be watched: ${problem.reason}`;
    case "notReplayed":
      return `${problem.what} cannot be measured: ${problem.reason}`;
    case "notRecorded":
      return `${problem.command}: nothing was recorded; ${NOT_RECORDED[problem.cause]}`;
    case "missing":
    case "directory":
    case "permission":
    case "unreadable":
    case "stdinTwice":
    case "notFollowable":
    case "corrupt":
    case "decoderMissing":
    case "container":
    case "notALog":
      return inputProblemText(problem, fileWord);
    case "process":
      return noProcess(problem.asked, problem.names);
    case "shortWords":
      return `${evidence(problem.shown)}: the log is of a 32-bit process, and only 64-bit ones are modelled; --no-model reports calls and live bytes`;
    case "memory":
      return `out of memory: ${memoryReason(problem.limitBytes)} replays: --no-what-if, --glibc VERSION, --no-model`;
    case "openFiles":
      return "too many files are open: allow more by ulimit -n 1024, and try again";
    case "tooLong":
      if (problem.threads === null) {
        return `the tables would be longer than the ${size(constants.MAX_STRING_LENGTH)} that Node.js allows; show fewer rows by --top, or all of them by --json`;
      }
      return `the report has ${plural(problem.threads, "thread")}, and would be longer than the ${size(constants.MAX_STRING_LENGTH)} that Node.js allows; .txt has only the first of them, .csv is shorter`;
    case "empty":
      return `${problem.sources.map(sourceName).join(", ")}: empty; check that the hook was loaded and that the process ran`;
    case "noEvents": {
      const { lines, sample } = problem;
      const sources = problem.sources.map(sourceName).join(", ");
      if (problem.isRecorded && sample === null) {
        return `${sources}: the recorded process made no malloc call`;
      }
      const text = sample === null ? "" : cut(printable(sample.text), SAMPLE_CHARACTERS);
      const only = text === "" ? "" : `: ${text}`;
      const first = sample === null ? "" : ` (line ${count(sample.line)}: ${text})`;
      const found =
        lines === 1
          ? `its only line is not a malloc call${only}`
          : `none of its ${plural(lines, "line")} is a malloc call${first}`;
      return `${sources}: ${found}; expected lines like: 16342 00:00:01.5 [0x7f01] malloc(20) = 0x5581a2b0`;
    }
  }
}

const NOT_RECORDED = {
  notLoaded:
    "the hook is not loaded into programs that are statically linked, set-user-ID, 32-bit, or not of glibc",
  notBegun: "it ended before the recording began (MALLOG_START_AFTER)",
  notWritten: "the hook could not write, as it says above",
};

/** A file's name as an operand of a command. */
function fileWord(path: string): string {
  return shellWord(path.startsWith("-") && path !== "-" ? `./${path}` : path);
}

function memoryReason(limitBytes: number | null): string {
  if (limitBytes === null) {
    return "the system grants no more; free some, or leave out";
  }
  const megabytes = Math.round(limitBytes / 2 ** 20);
  return `the log needs more than the ${exact(megabytes)} MiB that Node allows; allow twice as much by NODE_OPTIONS=--max-old-space-size=${2 * megabytes}, or leave out`;
}

function evidence(shown: ShortWords | null): string {
  if (shown === null) {
    return "# arch";
  }
  const block = `line ${count(shown.line)}: block 0x${shown.pointer.toString(16)}`;
  switch (shown.shows) {
    case "alignment":
      return `${block} is not at a multiple of 16`;
    case "spacing":
      return `${block} is closer to the one below than chunks with 8-byte headers allow`;
    case "place":
      return `${block} and all other addresses are where only 32-bit processes have them`;
  }
}

/** "a, b or c" */
function either(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** Names listed where one is not found. */
const MAX_NAMES = 8;

function noProcess(asked: string, names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(", ");
  const more = names.length > MAX_NAMES ? `, and ${count(names.length - MAX_NAMES)} more` : "";
  const known = names.length === 1 ? `only ${shown}` : `${shown}${more}`;
  return `--process ${asked}: the log has no such process; it has ${known}`;
}
