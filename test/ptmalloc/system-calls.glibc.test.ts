import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { compareWithModel } from "../support/against-glibc.ts";
import { realGlibc, runReal } from "../support/glibc-driver.ts";
import { RealOp } from "../support/glibc-program.ts";
import type { RealRun } from "../support/glibc-run.ts";
import { sequencesOf } from "../support/random-programs/sequences.ts";
import { SHAPES, type Shape } from "../support/random-programs/shapes.ts";

/**
 * Compares the system calls that the model counts with those that strace shows of the machine's own glibc, while both run
 * the same random programs.
 */
const own = realGlibc();
const profile = own.available ? profileOf(own.glibc) : null;
const canTrace = profile !== null && traces("-V") && traces("-qq", "true");
const folder = mkdtempSync(join(tmpdir(), "mallog-system-calls-"));
afterAll(() => rmSync(folder, { recursive: true }));

// Alignments above a page depend on addresses that the kernel chooses; where pthread keeps stacks, its calls are mixed in.
const shapes: Shape[] = Object.values<Shape>(SHAPES).filter(
  ({ name, stacks }) => name !== "wide alignments" && stacks === undefined,
);

const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  { MALLOC_ARENA_MAX: "2", MALLOC_TOP_PAD_: "0" },
  { MALLOC_TRIM_THRESHOLD_: "8192", MALLOC_MMAP_THRESHOLD_: "16384" },
];

function traces(...argv: readonly string[]): boolean {
  return spawnSync("strace", argv, { stdio: "pipe" }).status === 0;
}

type Counts = Record<"brk" | "mmap" | "mremap" | "munmap" | "madvise" | "mprotect", number>;

function none(): Counts {
  return { brk: 0, mmap: 0, mremap: 0, munmap: 0, madvise: 0, mprotect: 0 };
}

describe.skipIf(!canTrace)(
  `the model's system calls${canTrace ? "" : " (skipped: no strace, or it may not trace, or this glibc is not modelled)"}`,
  { timeout: 120_000 },
  () => {
    for (const shape of shapes) {
      it(`equal strace's: ${shape.name}`, () => compare(shape, shape.env ?? {}));
    }
    for (const env of SETTINGS) {
      const under = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      it(`equal strace's under ${under.join(" ")}`, () => {
        for (const shape of [SHAPES.mixed, SHAPES.large, SHAPES.threads, SHAPES.trims]) {
          compare(shape, env);
        }
      });
    }
  },
);

/** The sums of some programs. */
function compare(shape: Shape, env: Readonly<Record<string, string>>): void {
  const traceTo = join(folder, "calls.txt");
  const property = fc.property(sequencesOf(shape, { programs: 8 }), (sequences) => {
    const runs = runReal(sequences, { env, traceTo, startBreak: "found" });
    const models = runs.map((run) => compareWithModel(run, profile!, env, "none"));
    const modelled = none();
    for (const [i, { systemCalls }] of models.entries()) {
      for (const kind of Object.keys(modelled) as (keyof Counts)[]) {
        modelled[kind] += systemCalls[kind];
      }
      modelled.brk += foreignMoves(runs[i]!);
    }
    const seen = tracedCalls(readFileSync(traceTo, "utf8"));
    expect(modelled).toEqual(seen);
  });
  fc.assert(property, { numRuns: 1 });
}

/** Calls of sbrk by the program. */
function foreignMoves({ events }: RealRun): number {
  let moves = 0;
  for (let i = 0; i < events.count; i++) {
    moves += events.op[i] === RealOp.sbrk && events.size[i] !== 0 ? 1 : 0;
  }
  return moves;
}

/**
 * The calls of the driver's children, which run the programs, without those for stacks of threads, and without the question
 * for the break, which the driver asks before the first call of malloc.
 */
function tracedCalls(text: string): Counts {
  const lines = text.split("\n");
  const parent = /^\d+/.exec(text)?.[0];
  const counts = none();
  for (const line of lines) {
    const [, pid, kind] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (pid !== parent && kind !== undefined && !/MAP_STACK|brk\(NULL/.test(line)) {
      counts[kind as keyof Counts]++;
    }
  }
  return counts;
}
