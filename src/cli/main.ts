import { availableParallelism } from "node:os";
import { run } from "./command-line.ts";
import type { Analyse } from "./io.ts";
import { VERSION } from "./version.ts";

/** The one place that sees the process. */

const CORES = availableParallelism();

/** null: there is no core for them, or they are not built, where the sources are run */
const WORKERS =
  CORES > 1 && import.meta.url.endsWith(".js")
    ? {
        reading: new URL("./reading-worker.js", import.meta.url),
        whatIf: new URL("./what-if-worker.js", import.meta.url),
        cores: CORES,
      }
    : null;

/** Loaded only when there is something to analyse: --help is not to wait for the models. */
const analyse: Analyse = async (inputs, options, hooks) => {
  const { readAndReplay } = await import("../pipeline/read-and-replay.ts");
  return readAndReplay(VERSION, WORKERS)(inputs, options, hooks);
};

// Not process.exit: it would cut off what a pipe has not taken yet.
run(
  process.argv.slice(2),
  {
    // Whoever asks for it opens it, which takes a while: --version does not.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    hostCpus: CORES,
    version: VERSION,
    signals: process,
    leave: (exitCode) => process.exit(exitCode),
  },
  analyse,
).then((exitCode) => {
  process.exitCode = exitCode;
});
