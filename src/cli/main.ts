import { availableParallelism } from "node:os";
import type { Analyse } from "./io.ts";
import { run } from "./run.ts";
import { packageVersion } from "./version.ts";

/** The one place that sees the process. The analysis is loaded only when there is something to analyse. */
const analyse: Analyse = async (inputs, options, hooks) => {
  const { analyseLog } = await import("./analyse-log.ts");
  return analyseLog(inputs, options, hooks);
};

// Not process.exit: it would cut off what a pipe has not taken yet.
process.exitCode = await run(
  process.argv.slice(2),
  {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    hostCpus: availableParallelism(),
    version: packageVersion(),
    signals: process,
    leave: (exitCode) => process.exit(exitCode),
  },
  analyse,
);
