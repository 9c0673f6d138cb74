import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { usableCores } from "./cores.ts";
import { install, packagesFor, whyNot } from "./needs.ts";
import { type BenchOptions, parseOptions, Usage } from "./options.ts";
import { type Result, resultOf, resultsTable } from "./results.ts";
import type { Row } from "./row.ts";
import { ROWS } from "./rows/all.ts";
import { Sandbox } from "./sandbox.ts";

/**
 * npm run bench -- [ROW…] [--all] [--pairs N] [--install] [-o FILE]
 *
 * Builds mallog and compares it with other programs. Prints a table of ratios, and writes them to FILE (bench.json) as
 * JSON. README.md in this folder says how each row is measured.
 */
const options = optionsOrExit();
if (options.installs) {
  install(packagesFor(options.rows.flatMap(({ needs = [] }) => needs)));
}
execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
const sandbox = await Sandbox.open();
// The signal ends the running command as well, and thereby the row; then the folder is removed.
process.on("SIGINT", () => {});
const results: Result[] = [];
const skipped: { name: string; reason: string }[] = [];
try {
  for (const row of options.rows) {
    const reason = whyNot(row.needs ?? []);
    if (reason === null) {
      console.error(`${row.name} …`);
      results.push(measured(row));
    } else {
      skipped.push({ name: row.name, reason });
    }
    // After each row, so that a benchmark that is interrupted has something to show.
    writeFileSync(options.output, `${JSON.stringify({ results, skipped }, null, 2)}\n`);
  }
} finally {
  sandbox.remove();
}
console.log(resultsTable(results));
for (const { name, reason } of skipped) {
  console.log(`${name}: skipped, ${reason}`);
}

function measured(row: Row): Result {
  const before = usableCores(sandbox);
  const figures = row.measure(sandbox, options.pairs);
  return resultOf(row, figures, [before, usableCores(sandbox)]);
}

function optionsOrExit(): BenchOptions {
  try {
    return parseOptions(process.argv.slice(2), ROWS);
  } catch (error) {
    if (!(error instanceof Usage)) {
      throw error;
    }
    (error.exitCode === 0 ? console.log : console.error)(error.message);
    process.exit(error.exitCode);
  }
}
