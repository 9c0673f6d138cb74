import type { CallsWriter } from "../calls-file.ts";
import { largeBinCalls, liveSetCalls } from "../growth-calls.ts";
import { type CurvePoint, inTurns, type Measured, median, type Row } from "../row.ts";
import type { Workshop } from "../workshop.ts";
import { microsOf, modelReplay } from "./glibc.ts";

/** How the cost of a call grows, in a scenario's run and in native glibc: each against its own first point. */
export const GROWTH_ROWS: readonly Row[] = [
  {
    name: "growth-live",
    what: "growth of a call's cost with the blocks live, model / native",
    target: 1,
    stretch: null,
    measure: (workshop, pairs) =>
      growth(workshop, pairs, "live", [1e4, 1e5, 1e6, 1e7], (size) => liveSetCalls(size, 1e6)),
  },
  {
    name: "growth-large-bin",
    what: "growth of a call's cost with the free chunks of a large bin, model / native",
    target: 1,
    stretch: null,
    measure: (workshop, pairs) =>
      growth(workshop, pairs, "bin", [1e2, 1e3, 1e4, 1e5], (size) => largeBinCalls(size, 1e5)),
  },
];

/** The ratios are those of the point where their median is worst: the worst of each pair would be mostly noise. */
function growth(
  workshop: Workshop,
  pairs: number,
  what: string,
  sizes: readonly number[],
  callsAt: (size: number) => CallsWriter,
): Measured {
  // Every file makes as many calls that count, so that times compare as they are.
  const files = sizes.map((size) => {
    const name = `${what}-${size}.calls`;
    return workshop.file(name, (path) => callsAt(size).write(path));
  });
  const rounds = inTurns(
    pairs,
    files.flatMap((file) => [
      () => microsOf(workshop, modelReplay(workshop, "scenario", files[0]!, file)),
      () => microsOf(workshop, `native-replay ${file}`),
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
