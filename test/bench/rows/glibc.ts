import { callsOfLog } from "../calls-of-log.ts";
import { inTurns, type Measured, type Row } from "../row.ts";
import type { Workshop } from "../workshop.ts";

/** The model alone against this machine's glibc making the same calls: user time of the calls, and nothing around them. */
export const GLIBC_ROWS: readonly Row[] = [
  {
    name: "model",
    what: "a call in a scenario's run / in native glibc",
    target: 1.5,
    stretch: 1,
    measure: (workshop, pairs) => againstGlibc(workshop, pairs, "scenario"),
  },
  {
    name: "model-bare",
    what: "a call in the bare model / in native glibc",
    target: null,
    stretch: null,
    measure: (workshop, pairs) => againstGlibc(workshop, pairs, "bare"),
  },
];

function againstGlibc(workshop: Workshop, pairs: number, kind: "scenario" | "bare"): Measured {
  const log = workshop.log(5e6, 1);
  const calls = workshop.file("log.calls", (path) => callsOfLog(workshop.path(log)).write(path));
  const rounds = inTurns(pairs, [
    () => microsOf(workshop, modelReplay(workshop, kind, calls, calls)),
    () => microsOf(workshop, `native-replay ${calls}`),
  ]);
  return { ratios: rounds.map(([model, native]) => model! / native!) };
}

/** The command that makes the calls of a file in the model of this machine's glibc, warmed by another's. */
export function modelReplay(
  workshop: Workshop,
  kind: "scenario" | "bare",
  warming: string,
  calls: string,
): string {
  const glibc = workshop.output("getconf GNU_LIBC_VERSION").trim().replace("glibc ", "");
  return `node model-replay.mjs ${kind} ${glibc} ${warming} ${calls}`;
}

/** µs of user time that a replay prints, beside the number of blocks. */
export function microsOf(workshop: Workshop, replay: string): number {
  return Number.parseInt(workshop.output(replay), 10);
}
