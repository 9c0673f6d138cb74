import { Chance } from "./chance.ts";
import { comment } from "./comments.ts";
import { stored } from "./containers.ts";
import { damageLines, joined } from "./damage.ts";
import { relayout } from "./layouts.ts";
import { analysisOptions, checkOptions, diffOptions } from "./options.ts";
import { program } from "./program.ts";
import { recorded } from "./recorded.ts";
import { soup } from "./soup.ts";

/** A log, and how mallog is called on it. */
export interface Input {
  readonly argv: readonly string[];
  /** standard input */
  readonly bytes: Buffer;
  /** the pieces of the log, if they are files; their names follow `argv` */
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** the report is also written in every form of a file */
  readonly isForAllWriters: boolean;
  /** options of a `mallog diff` of the report with a damaged copy; null: none */
  readonly diff: { readonly seed: number; readonly argv: readonly string[] } | null;
}

/** Most inputs are short, and replayed once at most: they find the most in a given time. */
const CHEAP = 0.88;

/** Makes the input of a seed. */
export function inputOf(seed: number): Input {
  const chance = new Chance(seed);
  const isCheap = chance.happens(CHEAP);
  const made = linesOf(chance, isCheap);
  const inLayout = chance.happens(0.25) ? relayout(chance, made) : made;
  const lines = damageLines(chance, inLayout);
  const isCheck = chance.happens(0.08);
  const argv = isCheck ? checkOptions(chance, isCheap) : analysisOptions(chance, isCheap);
  const files = chance.happens(0.04) ? piecesOf(chance, lines) : [];
  const bytes = stored(chance, joined(chance, lines));
  const hasDiff = argv.includes("--json") && chance.happens(0.05);
  return {
    argv,
    bytes: files.length === 0 ? bytes : Buffer.alloc(0),
    files,
    isForAllWriters: chance.happens(isCheap ? 0.02 : 0.05),
    diff: hasDiff ? { seed: chance.below(2 ** 31), argv: diffOptions(chance) } : null,
  };
}

const NAMES = [
  "malloc.log",
  "-x.log",
  "a\u001b[31mb",
  "::error::x",
  "<b>&.log",
  "a\nb",
  "=1+1",
  "x.gz",
];

/** A log in pieces, in any order, perhaps with a gap, each stored in its own way. */
function piecesOf(chance: Chance, lines: readonly string[]): Input["files"] {
  const count = 1 + chance.below(3);
  const pieces = chance.times(count, (i) => {
    const from = Math.floor((lines.length * i) / count);
    const to = Math.floor((lines.length * (i + 1)) / count);
    const bytes = stored(chance, joined(chance, lines.slice(from, to)));
    return { name: `${i}${chance.pick(NAMES)}`, bytes };
  });
  return chance.happens(0.5) ? pieces.reverse() : pieces;
}

function linesOf(chance: Chance, isCheap: boolean): string[] {
  const kind = chance.fraction();
  const most = isCheap ? chance.pick([2, 8, 25]) : Number.POSITIVE_INFINITY;
  if (kind < 0.01 && !isCheap) {
    // Work that grows faster than the log shows.
    const pattern = soup(chance, most);
    return chance.times(Math.ceil(4000 / pattern.length), () => pattern).flat();
  }
  if (kind < 0.55) {
    return soup(chance, most);
  }
  if (kind < 0.7) {
    return program(chance, most);
  }
  if (kind < 0.93) {
    return recorded(chance, most);
  }
  if (kind < 0.97) {
    return chance.times(chance.below(Math.min(30, most)), () => comment(chance, [2 ** 40]));
  }
  return chance.times(chance.below(10), () =>
    Buffer.from(chance.times(chance.below(100), () => chance.below(256))).toString("latin1"),
  );
}
