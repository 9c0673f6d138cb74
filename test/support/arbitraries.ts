import * as fc from "fast-check";
import { formatSequence, MAIN, MAX_WORKERS, type Sequence, type Step } from "./glibc-driver.ts";

/**
 * Random programs for comparing the model with glibc. A program is first a list of raw random moves, two words each;
 * a shape gives them meaning. Any list of moves means some legal program, so that a failing one shrinks by dropping
 * moves, and neither generation nor shrinking ever looks at legality.
 */

// ---- shapes --------------------------------------------------------------------------------------------------

/** The calls a move may become, with relative weights; `block` takes or gives back one, as the phase has it. */
interface Weights {
  block: number;
  calloc?: number;
  realloc?: number;
  aligned?: number;
  /** from taking blocks to giving back, or the reverse */
  turnPhase?: number;
  mallocTrim?: number;
  mallopt?: number;
  foreignSbrk?: number;
  threadExit?: number;
}

export interface Shape {
  readonly name: string;
  readonly weights: Weights;
  /** requested bytes from a fraction in [0, 1) and 8 random bits of detail; smaller fractions for smaller sizes */
  readonly size: (fraction: number, detail: number) => number;
  /** default `ALIGNMENTS` */
  readonly alignments?: readonly number[];
  readonly slots: number;
  /** at most so many besides main; started when first chosen */
  readonly workers: number;
  /** while blocks are given back, those in slots divisible by this stay: they pin what lies below them */
  readonly keepEvery?: number;
  /** see `Sequence`; default "own" */
  readonly stacks?: Sequence["stacks"];
  /** settings without which the shape would not do what it is for */
  readonly env?: Readonly<Record<string, string>>;
  /** blocks too large to have the program write them all */
  readonly untouchedOnly?: boolean;
}

/** Up to a page, so that offsets from a page-aligned base decide all; see the shape `wideAlignments`. */
const ALIGNMENTS: readonly number[] = [8, 16, 32, 64, 64, 128, 256, 512, 1024, 4096];

const KIB = 1024;
const MIB = 1024 * KIB;

const logarithmic = (most: number) => (fraction: number) => Math.floor((most + 1) ** fraction) - 1;

const small = (fraction: number) => Math.floor(fraction * 1100);
const mixed = logarithmic(300 * KIB);

/** Mostly around and above the thresholds; one in 32 is of several MiB. */
function large(fraction: number, detail: number): number {
  if ((detail & 31) === 31) {
    return Math.floor(fraction * 6 * MIB);
  }
  return Math.floor(fraction * 300 * KIB);
}

/** Powers of two and their neighbours: the edges of size classes, bins, tcache, thresholds. */
function nearPowerOfTwo(fraction: number, detail: number): number {
  return Math.max(0, 2 ** Math.floor(fraction * 19) + (detail % 64) - 40);
}

/** Blocks of 10 KiB to 60 KiB, each fourth move a tiny one that comes to lie above them. */
function pinning(fraction: number, detail: number): number {
  return (detail & 3) === 0
    ? Math.floor(fraction * 200)
    : 10 * KIB + Math.floor(fraction * 50 * KIB);
}

const THREADED: Weights = {
  block: 100,
  calloc: 6,
  realloc: 10,
  aligned: 4,
  turnPhase: 1,
  threadExit: 2,
};

export const SHAPES = {
  small: {
    name: "small",
    weights: { block: 100, realloc: 5, turnPhase: 1 },
    size: small,
    slots: 300,
    workers: 0,
  },
  mixed: {
    name: "mixed",
    weights: { block: 100, calloc: 8, realloc: 12, aligned: 8, turnPhase: 1, mallocTrim: 0.3 },
    size: mixed,
    slots: 200,
    workers: 0,
  },
  large: {
    name: "large",
    weights: { block: 100, calloc: 5, realloc: 15, aligned: 5, turnPhase: 2 },
    size: large,
    slots: 60,
    workers: 0,
  },
  powersOfTwo: {
    name: "powers of two",
    weights: { block: 100, calloc: 5, realloc: 10, aligned: 10, turnPhase: 1 },
    size: nearPowerOfTwo,
    slots: 150,
    workers: 0,
  },
  phases: {
    name: "phases",
    weights: { block: 100, turnPhase: 3 },
    size: logarithmic(20 * KIB),
    slots: 400,
    workers: 0,
  },
  reallocs: {
    name: "reallocs",
    weights: { block: 40, realloc: 100, turnPhase: 1 },
    size: mixed,
    slots: 40,
    workers: 0,
  },
  aligned: {
    name: "aligned",
    weights: { block: 60, aligned: 100, realloc: 10, turnPhase: 2 },
    size: mixed,
    slots: 120,
    workers: 0,
  },
  /**
   * Alignments above a page: the lead depends on where the kernel put the break or the mapping (the chunk word tells
   * it), and by the dynamic threshold much of what follows.
   */
  wideAlignments: {
    name: "wide alignments",
    weights: { block: 60, aligned: 60, turnPhase: 2 },
    size: mixed,
    slots: 80,
    workers: 0,
    alignments: [64, 4096, 8192, 65536, 1048576],
  },
  callocs: {
    name: "callocs",
    weights: { block: 60, calloc: 60, turnPhase: 2 },
    size: mixed,
    slots: 150,
    workers: 0,
  },
  trims: {
    name: "trims",
    weights: { block: 100, realloc: 5, calloc: 5, turnPhase: 3, mallocTrim: 4 },
    size: logarithmic(60 * KIB),
    slots: 120,
    workers: 0,
  },
  topPinning: {
    name: "top pinning",
    weights: { block: 100, turnPhase: 3, mallocTrim: 0.5 },
    size: pinning,
    slots: 120,
    workers: 0,
    keepEvery: 8,
  },
  mallopts: {
    name: "mallopts",
    weights: { block: 100, realloc: 10, calloc: 5, aligned: 3, turnPhase: 2, mallopt: 3 },
    size: mixed,
    slots: 120,
    workers: 0,
  },
  foreignBreaks: {
    name: "foreign breaks",
    weights: { block: 100, realloc: 10, calloc: 5, turnPhase: 2, foreignSbrk: 1 },
    size: mixed,
    slots: 120,
    workers: 0,
  },
  threads: {
    name: "threads",
    weights: THREADED,
    size: logarithmic(50 * KIB),
    slots: 200,
    workers: 4,
  },
  /** sizes the tcache takes: flushes at exit, blocks of other threads' arenas in it */
  smallInThreads: {
    name: "small in threads",
    weights: { ...THREADED, threadExit: 6 },
    size: small,
    slots: 200,
    workers: 8,
  },
  /** threads after each other on the stacks that glibc keeps, with what hangs on them */
  keptStacks: {
    name: "kept stacks",
    weights: { ...THREADED, threadExit: 6 },
    size: mixed,
    slots: 200,
    workers: 4,
    stacks: "nptl",
  },
  trimmedThreads: {
    name: "trimmed threads",
    weights: { ...THREADED, mallocTrim: 2, turnPhase: 3 },
    size: large,
    slots: 80,
    workers: 3,
  },
  twoArenas: {
    name: "two arenas",
    weights: { ...THREADED, threadExit: 4 },
    size: logarithmic(50 * KIB),
    slots: 200,
    workers: 6,
    env: { MALLOC_ARENA_MAX: "2" },
  },
  threeArenas: {
    name: "three arenas",
    weights: { ...THREADED, threadExit: 4 },
    size: logarithmic(50 * KIB),
    slots: 200,
    workers: 8,
    env: { MALLOC_ARENA_MAX: "3" },
  },
  oneArena: {
    name: "one arena",
    weights: THREADED,
    size: mixed,
    slots: 200,
    workers: 4,
    env: { MALLOC_ARENA_MAX: "1" },
  },
  /** arenas of several 64 MiB heaps, made and deleted; nothing is mmapped below 32 MiB */
  manyHeaps: {
    name: "many heaps",
    weights: { block: 100, realloc: 6, aligned: 3, turnPhase: 2, threadExit: 1 },
    size: (fraction, detail) =>
      (detail & 3) === 0 ? mixed(fraction) : Math.floor(fraction * 12 * MIB),
    slots: 60,
    workers: 2,
    env: { MALLOC_MMAP_THRESHOLD_: "33554432" },
    untouchedOnly: true,
  },
} as const satisfies Record<string, Shape>;

/** Settings to run any shape under, beside none. */
export const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  { MALLOC_TOP_PAD_: "0" },
  { MALLOC_TOP_PAD_: "1048576" },
  { MALLOC_TRIM_THRESHOLD_: "4096" },
  { MALLOC_TRIM_THRESHOLD_: "67108864" },
  { MALLOC_TOP_PAD_: "0", MALLOC_TRIM_THRESHOLD_: "4096" },
  { MALLOC_MMAP_THRESHOLD_: "20000" },
  // above what versions up to 2.34 take: there the threshold stays dynamic
  { MALLOC_MMAP_THRESHOLD_: "33554433" },
  { MALLOC_MMAP_MAX_: "0" },
  { MALLOC_MMAP_MAX_: "3" },
  { MALLOC_PERTURB_: "85" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_count=3" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_count=100" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_max=200" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_unsorted_limit=2" },
  { GLIBC_TUNABLES: "glibc.malloc.mxfast=0" },
  { GLIBC_TUNABLES: "glibc.malloc.mxfast=160" },
  { GLIBC_TUNABLES: "glibc.malloc.top_pad=0x8000:glibc.malloc.tcache_count=1" },
];

// ---- raw moves -----------------------------------------------------------------------------------------------

/** Two words a move: what, where and by whom (12, 12 and 8 bits); how much and details (24 and 8). */
type Moves = Uint32Array;
const WORDS = 2;

/**
 * How far a shrink has come; it goes on from there, not from the start: first which program, then ever shorter runs
 * of moves to leave out (single ones again and again, until none can go), then main as the caller, then sizes, by
 * bisection above `passing`, the largest that is known not to fail.
 */
type ShrinkStage =
  | { readonly kind: "programs" }
  | { readonly kind: "moves"; readonly run: number; readonly at: number; readonly again: boolean }
  | { readonly kind: "callers"; readonly at: number }
  | { readonly kind: "sizes"; readonly at: number; readonly passing: number };

class MovesArbitrary extends fc.Arbitrary<readonly Moves[]> {
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

/** of the 2^24 values the size part has */
const SIZE_RESOLUTION = 2 ** 10;

/** Details stay as they are: with them changed, bisection would compare different calls. */
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

// ---- meaning -------------------------------------------------------------------------------------------------

/** Programs in the making: which slots are full and which threads run is what decides the meaning of a move. */
class Interpreter {
  readonly steps: Step[] = [];
  readonly #shape: Shape;
  readonly #kinds: readonly (keyof Weights)[];
  readonly #bounds: readonly number[];
  readonly #full: Uint8Array;
  readonly #alive: number[] = [MAIN];
  #taking = true;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#kinds = Object.keys(shape.weights) as (keyof Weights)[];
    let sum = 0;
    this.#bounds = this.#kinds.map((kind) => {
      sum += shape.weights[kind] ?? 0;
      return sum;
    });
    this.#full = new Uint8Array(shape.slots);
  }

  move(what: number, how: number): void {
    const roll = ((what >>> 20) / 4096) * this.#bounds.at(-1)!;
    const kind = this.#kinds[this.#bounds.findIndex((bound) => roll < bound)]!;
    const slot = ((what >>> 8) & 0xfff) % this.#shape.slots;
    const detail = how & 0xff;
    this.#call(kind, slot, what & 0xff, this.#shape.size((how >>> 8) / 0x100_0000, detail), detail);
  }

  #call(kind: keyof Weights, slot: number, bits: number, size: number, detail: number): void {
    switch (kind) {
      case "block":
        this.#block(slot, bits, size);
        break;
      case "calloc":
        this.#calloc(slot, bits, size, detail);
        break;
      case "realloc":
        this.#realloc(slot, bits, size, detail);
        break;
      case "aligned":
        this.#aligned(slot, bits, size, detail);
        break;
      case "turnPhase":
        this.#taking = !this.#taking;
        break;
      case "mallocTrim":
        this.#push("mallocTrim", bits, 0, [0, 0, 4096, 100_000][detail & 3]!, 0);
        break;
      case "mallopt":
        this.#push("mallopt", bits, 0, ...MALLOPTS[detail % MALLOPTS.length]!);
        break;
      case "foreignSbrk":
        this.#push("sbrk", bits, 0, [16, 4096, 5000, 200_000][detail & 3]!, 0);
        break;
      case "threadExit":
        this.#endThread(bits);
        break;
    }
  }

  /** In most moves what the phase wants, in one of four the opposite. Without a slot for that, the phase turns. */
  #block(slot: number, bits: number, size: number): void {
    const opposite = (bits & 3) === 0;
    if (this.#find(slot, this.#taking !== opposite ? 0 : 1) < 0) {
      this.#taking = !this.#taking;
    }
    const take = this.#taking !== opposite;
    const found = this.#find(slot, take ? 0 : 1);
    if (take) {
      this.#allocate("malloc", bits, found, size, 0);
    } else {
      this.#free(bits, found);
    }
  }

  #calloc(slot: number, bits: number, size: number, detail: number): void {
    const element = [1, 8, 24, 100][detail & 3]!;
    this.#replace(slot, bits);
    this.#allocate("calloc", bits, slot, Math.ceil(size / element) * element, element);
  }

  /** Grows and shrinks by any factor; now and then from NULL, and to 0. */
  #realloc(slot: number, bits: number, size: number, detail: number): void {
    const found = (detail & 15) === 1 ? slot : this.#find(slot, 1);
    const to = (detail & 31) === 2 ? 0 : size;
    const target = found < 0 ? slot : found;
    const frees = to === 0 && this.#full[target] === 1;
    this.#push("realloc", bits, target, to, 0);
    this.#full[target] = frees ? 0 : 1;
  }

  #aligned(slot: number, bits: number, size: number, detail: number): void {
    const ops = [
      "memalign",
      "posixMemalign",
      "alignedAlloc",
      "memalign",
      "valloc",
      "pvalloc",
    ] as const;
    const op = ops[detail % ops.length]!;
    const alignments = this.#shape.alignments ?? ALIGNMENTS;
    const plain = op === "valloc" || op === "pvalloc";
    const align = plain ? 0 : alignments[(detail >>> 3) % alignments.length]!;
    this.#replace(slot, bits);
    this.#allocate(op, bits, slot, size, align);
  }

  #replace(slot: number, bits: number): void {
    if (this.#full[slot] === 1) {
      this.#free(bits, slot);
    }
  }

  #allocate(op: Step["op"], bits: number, slot: number, size: number, align: number): void {
    this.#push(op, bits, slot, size, align);
    this.#full[slot] = 1;
  }

  #free(bits: number, slot: number): void {
    this.#push("free", bits, slot, 0, 0);
    this.#full[slot] = 0;
  }

  /** The next slot from `slot` on that is full (1) or empty (0); -1 if none. */
  #find(slot: number, full: 0 | 1): number {
    const { slots, keepEvery } = this.#shape;
    for (let i = 0; i < slots; i++) {
      const candidate = (slot + i) % slots;
      if (this.#full[candidate] !== full) {
        continue;
      }
      if (full === 1 && keepEvery !== undefined && candidate % keepEvery === 0) {
        continue;
      }
      return candidate;
    }
    return -1;
  }

  #endThread(bits: number): void {
    if (this.#alive.length < 2) {
      return;
    }
    const index = 1 + (bits % (this.#alive.length - 1));
    const [ending] = this.#alive.splice(index, 1);
    const joiner = this.#alive[(bits >>> 4) % this.#alive.length]!;
    this.steps.push({ op: "threadExit", thread: joiner, slot: ending!, size: 0, align: 0 });
  }

  #push(op: Step["op"], bits: number, slot: number, size: number, align: number): void {
    this.steps.push({ op, thread: this.#caller(bits), slot, size, align });
  }

  /** Main or a worker, which main or another starts if it does not run. */
  #caller(bits: number): number {
    if (this.#shape.workers === 0) {
      return MAIN;
    }
    const thread = (bits >>> 2) % (this.#shape.workers + 1);
    if (!this.#alive.includes(thread)) {
      const creator = this.#alive[bits % this.#alive.length]!;
      this.steps.push({ op: "threadStart", thread: creator, slot: thread, size: 0, align: 0 });
      this.#alive.push(thread);
    }
    return thread;
  }
}

/** The move with its thread bits cleared, those that choose main in `Interpreter.caller`. */
function byMain(what: number): number {
  return (what & ~0xfc) >>> 0;
}

/** value, parameter (malloc.h): M_MXFAST, M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX */
const MALLOPTS: readonly (readonly [number, number])[] = [
  [0, 1],
  [64, 1],
  [160, 1],
  [4096, -1],
  [1_000_000, -1],
  [0, -2],
  [300_000, -2],
  [20_000, -3],
  [500_000, -3],
  [0, -4],
  [65_536, -4],
];

/** A program that prints itself as C-like lines when a property fails on it. */
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
  /** sequences a value; they go to one run of the driver. A failure shrinks to the one that failed; default 1 */
  readonly programs?: number;
  /** moves a sequence, from and to; each becomes about one call; default 600 to 700 */
  readonly moves?: readonly [number, number];
}

/** Programs of a shape, several at once: starting the driver costs as much as several programs. */
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
