import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { needsBoundsChecks, runWithBoundsChecks } from "./address-limit.ts";
import { run } from "./command-line.ts";
import type { Analyse } from "./io.ts";
import { VERSION } from "./version.ts";

/** The only file that uses the process. */

const CORES = availableParallelism();

/** null: there is only one core, or the sources run unbuilt, without worker files */
const WORKERS =
  CORES > 1 && import.meta.url.endsWith(".js")
    ? {
        reading: new URL("./reading-worker.js", import.meta.url),
        whatIf: new URL("./what-if-worker.js", import.meta.url),
        cores: CORES,
      }
    : null;

/** Loaded only when there is a log to analyse: --help must not wait for the models. */
const analyse: Analyse = async (inputs, options, hooks) => {
  // V8 optimizes what has run for so many bytes of its code, by default 132 KB. A log of some hundred thousand calls ends
  // before most of that pays: it takes a tenth of the time less so, and no log takes more.
  setFlagsFromString("--interrupt-budget=300000");
  if (options.model) {
    // V8 takes a third of the time of a small log for optimizing the model. With less inlining that is a tenth of the time
    // less, and a large log takes no longer. What only counts is faster with V8's default.
    setFlagsFromString("--max-inlined-bytecode-size-cumulative=400");
  }
  const { reportOfLog } = await import("./report-of-log.ts");
  return reportOfLog(VERSION, WORKERS)(inputs, options, hooks);
};

const exitCode = needsBoundsChecks(process) ? runWithBoundsChecks(process) : runHere();

// Not process.exit: it would drop output that a pipe has not accepted yet.
exitCode.then((code) => {
  process.exitCode = code;
});

function runHere(): Promise<number> {
  return run(
    process.argv.slice(2),
    {
      // A getter: process.stdin is opened at its first use, which takes time that --version must not spend.
      get stdin() {
        return process.stdin;
      },
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
      cwd: workingDirectory(),
      hostCpus: CORES,
      host: { platform: process.platform, arch: process.arch },
      version: VERSION,
      signals: process,
      endWithin: (milliseconds) => {
        // Another thread, because a timer of this one waits while it is busy.
        const code = `setTimeout(() => process.kill(process.pid, "SIGTERM"), ${milliseconds})`;
        new Worker(code, { eval: true }).unref();
      },
    },
    analyse,
  );
}

/** Empty if the working directory was removed: then neither files nor threads can be opened. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return "";
  }
}
