import * as fc from "fast-check";
import { formatSequence, MAX_WORKERS, type Sequence } from "../glibc-program.ts";
import { Interpreter } from "./interpreter.ts";
import { type Moves, MovesArbitrary, WORDS } from "./moves.ts";
import type { Shape } from "./shapes.ts";

/**
 * Random programs for comparing the model with glibc. A program starts as a list of raw random moves; a shape gives them
 * a meaning. Any list of moves is a legal program: a failing one shrinks by dropping moves, and neither generation nor
 * shrinking has to check legality.
 */

/** The program prints itself as C-like lines when a property fails on it. */
function toSequence(shape: Shape, moves: Moves): Sequence {
  const interpreter = new Interpreter(shape);
  for (let i = 0; i < moves.length; i += WORDS) {
    interpreter.move(moves[i]!, moves[i + 1]!);
  }
  const sequence: Sequence = { steps: interpreter.steps, stacks: shape.stacks ?? "own" };
  return Object.defineProperty(sequence, fc.toStringMethod, {
    value: () => `\n${formatSequence(sequence)}\n`,
    enumerable: false,
  });
}

export interface SequencesOptions {
  /** sequences in one value, for one run of the driver; a failure shrinks to the one that failed; default 1 */
  readonly programs?: number;
  /** least and most moves in a sequence; each becomes about one call; default 600 to 700 */
  readonly moves?: readonly [number, number];
}

/** Programs of a shape; several at once, since starting the driver costs as much as several programs. */
export function sequencesOf(
  shape: Shape,
  { programs = 1, moves = [600, 700] }: SequencesOptions = {},
): fc.Arbitrary<Sequence[]> {
  if (shape.workers > MAX_WORKERS) {
    throw new Error(`${shape.name}: more than ${MAX_WORKERS} workers`);
  }
  return new MovesArbitrary(programs, moves).map((list) =>
    list.map((one) => toSequence(shape, one)),
  );
}
