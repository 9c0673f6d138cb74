import type { CallsWriter } from "../calls-file.ts";
import { largeBinCalls, liveSetCalls } from "../growth-calls.ts";
import { type CurvePoint, inTurns, type Measured, median, type Row } from "../row.ts";
import type { Sandbox } from "../sandbox.ts";
import { microsOf, modelReplay } from "./glibc.ts";

/** Growth of a call's cost, in a what-if's replay and in native glibc, each relative to its first point. */
export const GROWTH_ROWS: readonly Row[] = [
  {
    name: "growth-live",
    ratioOf: "growth of a call's cost with the live blocks, model / native",
    target: 1,
    stretch: null,
    onRequest: true,
    measure: (sandbox, pairs) =>
      growth(sandbox, pairs, "live", [1e4, 1e5, 1e6, 1e7], (size) => liveSetCalls(size, 1e6)),
  },
  {
    name: "growth-large-bin",
    ratioOf: "growth of a call's cost with the free chunks of a large bin, model / native",
    target: 1,
    stretch: null,
    onRequest: true,
    measure: (sandbox, pairs) =>
      growth(sandbox, pairs, "bin", [1e2, 1e3, 1e4, 1e5], (size) => largeBinCalls(size, 1e5)),
  },
];

/** The ratios of the point with the worst median: the worst ratio of each pair would be mostly noise. */
function growth(
  sandbox: Sandbox,
  pairs: number,
  name: string,
  sizes: readonly number[],
  callsAt: (size: number) => CallsWriter,
): Measured {
  // Every file has the same number of timed calls, so that times compare directly.
  const files = sizes.map((size) => {
    return sandbox.file(`${name}-${size}.calls`, (path) => callsAt(size).write(path));
  });
  const rounds = inTurns(
    pairs,
    files.flatMap((file) => [
      () => microsOf(sandbox, modelReplay(sandbox, "scenario", files[0]!, file)),
      () => microsOf(sandbox, `native-replay ${file}`),
    ]),
  );
  const grown = (round: readonly number[], side: 0 | 1, at: number) =>
    round[2 * at + side]! / round[side]!;
  const curve = sizes.map(
    (size, at): CurvePoint => ({
      size,
      model: median(rounds.map((round) => grown(round, 0, at))),
      native: median(rounds.map((round) => grown(round, 1, at))),
    }),
  );
  const ratiosAt = sizes.map((_, at) =>
    rounds.map((round) => grown(round, 0, at) / grown(round, 1, at)),
  );
  // The first point is 1 on both sides.
  const [worst = []] = ratiosAt.slice(1).sort((a, b) => median(b) - median(a));
  return { ratios: worst, curve };
}
