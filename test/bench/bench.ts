import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Result, resultOf, resultsTable } from "./results.ts";
import type { Row } from "./row.ts";
import { COMPRESSED_ROWS } from "./rows/compressed.ts";
import { GLIBC_ROWS } from "./rows/glibc.ts";
import { GROWTH_ROWS } from "./rows/growth.ts";
import { MEMORY_ROWS } from "./rows/memory.ts";
import { OVERHEAD_ROWS } from "./rows/overhead.ts";
import { PARSER_ROWS } from "./rows/parser.ts";
import { PIPELINE_ROWS } from "./rows/pipeline.ts";
import { START_UP_ROWS } from "./rows/start-up.ts";
import { Sandbox } from "./sandbox.ts";

/**
 * npm run bench -- [ROW…] [--pairs N] [-o FILE]
 *
 * Builds mallog and compares it with other programs. Prints a table of ratios, and writes them to FILE (bench.json) as
 * JSON. README.md in this folder says how each row is measured.
 */
const ROWS: readonly Row[] = [
  ...PIPELINE_ROWS,
  ...PARSER_ROWS,
  ...GLIBC_ROWS,
  ...START_UP_ROWS,
  ...COMPRESSED_ROWS,
  ...MEMORY_ROWS,
  ...GROWTH_ROWS,
  ...OVERHEAD_ROWS,
];

const { positionals: wanted, values } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: "string", default: "7" },
    output: { type: "string", short: "o", default: "bench.json" },
  },
});
const pairs = Number(values.pairs);
const unknown = wanted.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0 || !Number.isInteger(pairs) || pairs < 1) {
  console.error("usage: npm run bench -- [ROW…] [--pairs N] [-o FILE]");
  console.error(`rows: ${ROWS.map(({ name }) => name).join(" ")}`);
  process.exit(2);
}

execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
const sandbox = await Sandbox.open();
// The signal ends the running command as well, and thereby the row; then the folder is removed.
process.on("SIGINT", () => {});
try {
  const rows = ROWS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const results = rows.flatMap((row): Result[] => {
    const missing = row.missing?.() ?? null;
    console.error(missing === null ? `${row.name} …` : `${row.name}: skipped: ${missing}`);
    return missing === null ? [resultOf(row, row.measure(sandbox, pairs))] : [];
  });
  writeFileSync(values.output, `${JSON.stringify(results, null, 2)}\n`);
  console.log(resultsTable(results));
} finally {
  sandbox.remove();
}
