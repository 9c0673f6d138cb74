import { MAIN, type Step } from "../glibc-program.ts";
import { ALIGNMENTS, type Shape, type Weights } from "./shapes.ts";

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

/** Turns moves into steps. The full slots and the running threads decide what a move means. */
export class Interpreter {
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

  /** Three moves of four follow the phase, one does the opposite. If no slot allows that, the phase turns. */
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

  /** Grows and shrinks by any factor; sometimes from NULL, sometimes to 0. */
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

  /** Main or a worker; a worker that does not run is started by main or another worker. */
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
