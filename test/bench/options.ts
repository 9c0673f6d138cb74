import { parseArgs } from "node:util";
import type { Row } from "./row.ts";

/** What `npm run bench` was asked for. */
export interface BenchOptions {
  readonly rows: readonly Row[];
  readonly pairs: number;
  /** the file for the results */
  readonly output: string;
  /** whether to install what the rows need */
  readonly installs: boolean;
}

/** The text of --help, or of a mistake in the arguments. */
export class Usage extends Error {
  readonly exitCode: 0 | 2;

  constructor(exitCode: 0 | 2, rows: readonly Row[]) {
    super(usage(rows));
    this.exitCode = exitCode;
  }
}

const DEFAULT_PAIRS = 5;

/** @throws Usage help was asked for, or the arguments are wrong */
export function parseOptions(args: readonly string[], rows: readonly Row[]): BenchOptions {
  const { positionals, values } = parsed(args, rows);
  if (values.help) {
    throw new Usage(0, rows);
  }
  const pairs = Number(values.pairs);
  const unknown = positionals.some((name) => !rows.some((row) => row.name === name));
  if (unknown || !Number.isInteger(pairs) || pairs < 1) {
    throw new Usage(2, rows);
  }
  const isWanted = ({ name, onRequest }: Row) =>
    values.all || (positionals.length === 0 ? !onRequest : positionals.includes(name));
  return {
    rows: rows.filter(isWanted),
    pairs,
    output: values.output,
    installs: values.install,
  };
}

function parsed(args: readonly string[], rows: readonly Row[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        pairs: { type: "string", default: String(DEFAULT_PAIRS) },
        output: { type: "string", short: "o", default: "bench.json" },
        all: { type: "boolean", default: false },
        install: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch {
    throw new Usage(2, rows);
  }
}

function usage(rows: readonly Row[]): string {
  const names = (onRequest: boolean) =>
    rows
      .filter((row) => row.onRequest === onRequest)
      .map(({ name }) => name)
      .join(" ");
  return [
    "usage: npm run bench -- [ROW…] [--all] [--pairs N] [--install] [-o FILE]",
    "",
    `Compares mallog with other programs, in N pairs (${DEFAULT_PAIRS}), and writes the ratios to FILE (bench.json) too.`,
    "--all measures every row: several hours. --install installs the Debian packages that the rows need; otherwise",
    "rows without their programs are skipped.",
    "",
    `without a ROW, about 10 minutes: ${names(false)}`,
    "",
    `on request, some of them many minutes: ${names(true)}`,
  ].join("\n");
}
