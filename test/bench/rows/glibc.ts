import { callsOfLog } from "../calls-of-log.ts";
import { MODEL_REPLAY } from "../programs.ts";
import { inTurns, type Measured, type Row } from "../row.ts";
import type { Sandbox } from "../sandbox.ts";

/** The model alone against this machine's glibc with the same calls: user time of the calls alone. */
export const GLIBC_ROWS: readonly Row[] = [
  {
    name: "model",
    ratioOf: "a call in a what-if's replay / in native glibc",
    target: 1.5,
    stretch: 1,
    onRequest: true,
    measure: (sandbox, pairs) => againstGlibc(sandbox, pairs, "scenario"),
  },
  {
    name: "model-bare",
    ratioOf: "a call in the bare model / in native glibc",
    target: null,
    stretch: null,
    onRequest: true,
    measure: (sandbox, pairs) => againstGlibc(sandbox, pairs, "bare"),
  },
];

function againstGlibc(sandbox: Sandbox, pairs: number, kind: "scenario" | "bare"): Measured {
  const log = sandbox.log({ threads: 1 });
  const calls = sandbox.file("log.calls", (path) => callsOfLog(sandbox.path(log)).write(path));
  const rounds = inTurns(pairs, [
    () => microsOf(sandbox, modelReplay(sandbox, kind, calls, calls)),
    () => microsOf(sandbox, `native-replay ${calls}`),
  ]);
  return { ratios: rounds.map(([model, native]) => model! / native!) };
}

/** The command that makes the calls of a file in the model of this machine's glibc, after those of `warming`. */
export function modelReplay(
  sandbox: Sandbox,
  kind: "scenario" | "bare",
  warming: string,
  calls: string,
): string {
  const glibc = sandbox.output("getconf GNU_LIBC_VERSION").trim().replace("glibc ", "");
  return `node ${MODEL_REPLAY} ${kind} ${glibc} ${warming} ${calls}`;
}

/** User time in µs, the first number that a replay prints. */
export function microsOf(sandbox: Sandbox, replay: string): number {
  return Number.parseInt(sandbox.output(replay), 10);
}
