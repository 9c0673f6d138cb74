import * as fc from "fast-check";

/**
 * Random moves, and how they shrink. A move has two words: kind of call, slot and thread (12, 12 and 8 bits), then size
 * and details (24 and 8).
 */
export type Moves = Uint32Array;
export const WORDS = 2;

/**
 * The progress of a shrink, so that it continues there and not from the start. The stages: one program of several; leaving
 * out ever shorter runs of moves (single ones repeatedly, until none can go); main as the caller; sizes, by bisection
 * above `passing`, the largest that is known not to fail.
 */
type ShrinkStage =
  | { readonly kind: "programs" }
  | { readonly kind: "moves"; readonly run: number; readonly at: number; readonly again: boolean }
  | { readonly kind: "callers"; readonly at: number }
  | { readonly kind: "sizes"; readonly at: number; readonly passing: number };

export class MovesArbitrary extends fc.Arbitrary<readonly Moves[]> {
  readonly #programs: number;
  readonly #calls: readonly [number, number];

  constructor(programs: number, calls: readonly [number, number]) {
    super();
    this.#programs = programs;
    this.#calls = calls;
  }

  generate(random: fc.Random): fc.Value<readonly Moves[]> {
    const programs = Array.from({ length: this.#programs }, () => {
      const moves = new Uint32Array(random.nextInt(...this.#calls) * WORDS);
      const next = xorshift(random.nextInt(1, 0x7fff_ffff));
      for (let i = 0; i < moves.length; i++) {
        moves[i] = next();
      }
      return moves;
    });
    return new fc.Value(programs, { kind: "programs" } satisfies ShrinkStage);
  }

  canShrinkWithoutContext(_value: unknown): _value is readonly Moves[] {
    return false;
  }

  shrink(programs: readonly Moves[], context: unknown): fc.Stream<fc.Value<readonly Moves[]>> {
    return fc.stream(simpler(programs, context as ShrinkStage));
  }
}

type Programs = fc.Value<readonly Moves[]>;

function* simpler(programs: readonly Moves[], stage: ShrinkStage): Generator<Programs> {
  const [first] = programs;
  if (first === undefined) {
    return;
  }
  switch (stage.kind) {
    case "programs":
      if (programs.length > 1) {
        for (const program of programs) {
          yield new fc.Value([program], stage);
        }
      } else {
        yield* fewerMoves(first, { run: Math.ceil(first.length / WORDS / 2), at: 0, again: false });
        yield* plainerMoves(first, 0);
        yield* smallerSizes(first, 0, 0);
      }
      break;
    case "moves":
      yield* fewerMoves(first, stage);
      yield* plainerMoves(first, 0);
      yield* smallerSizes(first, 0, 0);
      break;
    case "callers":
      yield* plainerMoves(first, stage.at);
      yield* smallerSizes(first, 0, 0);
      break;
    case "sizes":
      yield* smallerSizes(first, stage.at, stage.passing);
      break;
  }
}

function* fewerMoves(
  moves: Moves,
  from: { readonly run: number; readonly at: number; readonly again: boolean },
): Generator<Programs> {
  const count = moves.length / WORDS;
  let { run, at, again } = from;
  for (;;) {
    for (; at < count; at += run) {
      yield new fc.Value([without(moves, at, run)], { kind: "moves", run, at, again: run === 1 });
    }
    if (run === 1 && !again) {
      return;
    }
    run = Math.ceil(run / 2);
    at = 0;
    again = false;
  }
}

function* plainerMoves(moves: Moves, from: number): Generator<Programs> {
  for (let at = from; at < moves.length / WORDS; at++) {
    const plain = byMain(moves[at * WORDS]!);
    if (plain !== moves[at * WORDS]) {
      yield changed(moves, at * WORDS, plain, { kind: "callers", at: at + 1 });
    }
  }
}

/** The bisection of a size, one of 2^24 values, stops at this difference. */
const SIZE_RESOLUTION = 2 ** 10;

/** Keeps the details: if they changed, the bisection would compare different calls. */
function* smallerSizes(moves: Moves, from: number, alreadyPassing: number): Generator<Programs> {
  let passing = alreadyPassing;
  for (let at = from; at < moves.length / WORDS; at++) {
    const index = at * WORDS + 1;
    const size = moves[index]! >>> 8;
    const detail = moves[index]! & 0xff;
    const resized = (to: number) =>
      changed(moves, index, to * 256 + detail, { kind: "sizes", at, passing });
    if (passing === 0 && size > 0) {
      yield resized(0);
    }
    while (size - passing > SIZE_RESOLUTION) {
      const middle = passing + Math.floor((size - passing) / 2);
      yield resized(middle);
      passing = middle;
    }
    passing = 0;
  }
}

function changed(moves: Moves, index: number, word: number, next: ShrinkStage): Programs {
  const copy = moves.slice();
  copy[index] = word;
  return new fc.Value([copy], next);
}

function without(moves: Moves, at: number, run: number): Moves {
  const end = Math.min(moves.length, (at + run) * WORDS);
  const left = new Uint32Array(moves.length - (end - at * WORDS));
  left.set(moves.subarray(0, at * WORDS));
  left.set(moves.subarray(end), at * WORDS);
  return left;
}

function xorshift(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** The move with its thread bits cleared, which makes main the caller: `Interpreter.caller`. */
function byMain(what: number): number {
  return (what & ~0xfc) >>> 0;
}
