import { Op } from "../../src/trace/event.ts";
import { MAIN, type Step } from "./glibc-program.ts";
import type { RealRun } from "./glibc-run.ts";

/** The log that a simple hook would have written of a real run: no thread exits, settings, glibc version or times. */
export function logOfRun({ events }: RealRun): Buffer {
  const lines: string[] = [];
  for (let i = 0; i < events.count; i++) {
    const call = callOf(events, i);
    if (call !== null) {
      lines.push(`${1000 + events.thread[i]!} ${call}\n`);
    }
  }
  return Buffer.from(lines.join(""));
}

function callOf(events: RealRun["events"], i: number): string | null {
  const size = events.size[i]!;
  const align = events.align[i]!;
  const from = `0x${events.pointerIn[i]!.toString(16)}`;
  const result = `0x${events.pointerOut[i]!.toString(16)}`;
  switch (events.op[i]) {
    case Op.malloc:
      return `malloc(${size}) = ${result}`;
    case Op.calloc:
      return `calloc(${size / (align || 1)}, ${align || 1}) = ${result}`;
    case Op.realloc:
      return `realloc(${from}, ${size}) = ${result}`;
    case Op.memalign:
      return `memalign(${align}, ${size}) = ${result}`;
    case Op.free:
      return `free(${from})`;
    default:
      return null;
  }
}

/** Pseudo-random numbers in [0, 1), the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export interface ProgramShape {
  readonly seed: number;
  readonly calls: number;
  /** threads besides main; one starts after each tenth of the calls */
  readonly workers: number;
  /** 0..1: the part of the allocations with 32 KiB to 1 MiB */
  readonly large: number;
}

const SLOTS_PER_THREAD = 400;

/** A program whose threads allocate blocks, and free each other's, in phases. */
export function program({ seed, calls, workers, large }: ProgramShape): Step[] {
  const random = chance(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const steps: Step[] = [];
  const alive = [MAIN];
  const size = (): number => {
    const kind = random();
    if (kind < large) {
      return 32768 + below(1_000_000);
    }
    return kind < large + 0.1 ? below(20_000) : below(300);
  };
  for (let i = 0; i < calls; i++) {
    if (alive.length <= workers && i >= (alive.length * calls) / 10) {
      steps.push({ op: "threadStart", thread: MAIN, slot: alive.length, size: 0, align: 0 });
      alive.push(alive.length);
    }
    const thread = alive[below(alive.length)]!;
    const slot = below(SLOTS_PER_THREAD * (workers + 1));
    const kind = random();
    const phase = Math.floor((i / calls) * 9) % 2;
    if (kind < (phase === 0 ? 0.4 : 0.6)) {
      steps.push({ op: "free", thread, slot, size: 0, align: 0 });
    } else {
      // Filling a full slot would leak its block.
      steps.push({ op: "free", thread, slot, size: 0, align: 0 });
      const op = kind < 0.9 ? "malloc" : "calloc";
      steps.push({ op, thread, slot, size: size(), align: op === "calloc" ? 1 : 0 });
    }
  }
  return steps;
}
