import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { census } from "../../src/ptmalloc/census.ts";
import { PAGE } from "../../src/ptmalloc/chunks.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { PROFILES } from "../../src/ptmalloc/profile.ts";
import { PLANE_ALL, PLANE_NONE, PLANE_POLICY } from "../../src/ptmalloc/resident.ts";
import { applySetting, MallocPar } from "../../src/ptmalloc/settings.ts";
import { settingsIn } from "../support/against-glibc.ts";
import type { Sequence } from "../support/glibc-program.ts";
import type { Calls, ProcessOptions } from "../support/model-calls.ts";
import { type Process, process } from "../support/model-driver.ts";
import { sequencesOf } from "../support/random-programs/sequences.ts";
import { SETTINGS, SHAPES, type Shape } from "../support/random-programs/shapes.ts";

/**
 * Random programs on every profile, under every setting: all calls, several threads, thread ends. The driver checks
 * all invariants after every call; here are the laws beside them.
 */
interface Program {
  readonly glibc: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly sequence: Sequence;
}

/** The variables and tunables of `settings`, as far as a version takes them. */
function accepted(glibc: string, settings: Readonly<Record<string, string>>) {
  const profile = PROFILES.find(({ name }) => name === glibc)!;
  const takes = ([name, value]: readonly [string, string]): boolean =>
    applySetting(new MallocPar(profile), profile, name, value) === null;
  return Object.fromEntries(settingsIn(settings).filter(takes));
}

function programsOf(shape: Shape, moves: number): fc.Arbitrary<Program> {
  return fc
    .tuple(
      fc.constantFrom(...PROFILES.map(({ name }) => name)),
      fc.constantFrom({}, {}, ...SETTINGS),
      sequencesOf(shape, { moves: [moves, moves] }),
    )
    .map(([glibc, settings, [sequence]]) => ({
      glibc,
      settings: accepted(glibc, { ...settings, ...shape.env }),
      sequence: sequence!,
    }));
}

interface Run {
  readonly p: Process;
  readonly threads: (Calls | undefined)[];
  /** what each call did, and the resident pages after it */
  readonly trace: string[];
}

function run(
  { glibc, settings, sequence }: Program,
  options: ProcessOptions = {},
  afterEach: (p: Process) => void = () => {},
): Run {
  const p = process(glibc, settings, { touch: "half", ...options });
  const threads: (Calls | undefined)[] = [p];
  const trace = sequence.steps.map((step) => {
    const done = p.step(step, threads);
    afterEach(p);
    return `${done} ${p.planes}`;
  });
  return { p, threads, trace };
}

const shapes = Object.values<Shape>(SHAPES);
/** Walking heaps of 64 MiB after every call takes its time. */
const movesOf = ({ name }: Shape): number => (name === "many heaps" ? 60 : 250);
/** each with a profile and a setting of its own */
const RUNS = 15;

describe.each(shapes)("$name", (shape) => {
  const moves = movesOf(shape);

  it("the invariants hold after every call, and RSS is bounded", () => {
    fc.assert(
      fc.property(programsOf(shape, moves), (program) => {
        run(program, {}, checkRss);
      }),
      { numRuns: RUNS },
    );
  });

  it("what is all freed, flushed and trimmed, is gone", () => {
    fc.assert(
      fc.property(programsOf(shape, moves), (program) => {
        const { p, threads } = run(program, { unchecked: true });
        p.freeAll();
        for (const t of threads) {
          if (t !== p) {
            t?.exit();
          }
        }
        p.exit();
        p.trim(0);
        checkGone(p, program);
      }),
      { numRuns: RUNS },
    );
  });

  it("a copy goes on as the original would, and apart from it", () => {
    fc.assert(
      fc.property(programsOf(shape, moves), (program) => {
        const { steps } = program.sequence;
        const [first, second] = [steps.slice(0, steps.length / 2), steps.slice(steps.length / 2)];
        const { p, threads } = run({ ...program, sequence: { steps: first } }, { unchecked: true });
        const [copy, copies] = p.clone(threads);
        const state = () => [p.mallinfo(), p.planes, p.brk];
        const before = state();
        const copied = second.map((step) => `${copy.step(step, copies)} ${copy.planes}`);
        checkInvariants(copy.m);
        expect(state()).toEqual(before);
        checkInvariants(p.m);
        expect(second.map((step) => `${p.step(step, threads)} ${p.planes}`)).toEqual(copied);
        expect(copy.mallinfo()).toEqual(p.mallinfo());
      }),
      { numRuns: RUNS / 3 },
    );
  });

  it("runs the same twice", () => {
    fc.assert(
      fc.property(programsOf(shape, moves), (program) => {
        const [one, two] = [run(program, { unchecked: true }), run(program, { unchecked: true })];
        expect(two.trace).toEqual(one.trace);
        expect(two.p.mallinfo()).toEqual(one.p.mallinfo());
      }),
      { numRuns: RUNS / 3 },
    );
  });
});

/** The planes lie within each other page by page; what is resident came from the kernel. */
function checkRss(p: Process): void {
  const [none, policy, all] = p.planes;
  expect(none).toBeLessThanOrEqual(policy);
  expect(policy).toBeLessThanOrEqual(all);
  // The program's own stretches of the break lie in pages that are shared with malloc's.
  const foreign = p.brk - p.m.mainArena.systemMem;
  expect(all).toBeLessThanOrEqual(Math.ceil((p.m.systemBytes + foreign) / PAGE));
  for (const av of p.m.arenas) {
    for (const heap of av.heaps) {
      const wrong = heap.pages.findIndex(
        (planes) =>
          ((planes & PLANE_NONE) !== 0 && (planes & PLANE_POLICY) === 0) ||
          ((planes & PLANE_POLICY) !== 0 && (planes & PLANE_ALL) === 0),
      );
      expect(wrong).toBe(-1);
    }
  }
  for (const mapping of p.m.mappings) {
    if (mapping !== null) {
      expect(mapping.pages(PLANE_ALL) * PAGE).toBeLessThanOrEqual(mapping.totalBytes);
    }
  }
}

/** Nothing is in use or cached; the main heap is one top, cut down to what trimming leaves. */
function checkGone(p: Process, { sequence }: Program): void {
  expect([p.m.inUseBytes, p.m.mappedBlocks, p.m.mappedBytes, p.m.mappedLeadBytes]).toEqual([
    0, 0, 0, 0,
  ]);
  const arenas = census(p.m);
  for (const { inUseBytes, free } of arenas) {
    expect([inUseBytes, free.tcache, free.fastbins]).toEqual([0, 0, 0]);
  }
  // Where the program moved the break, fences stay.
  if (sequence.steps.some(({ op }) => op === "sbrk")) {
    return;
  }
  const { free, systemBytes } = arenas[0]!;
  expect([free.unsorted, free.smallbins, free.largebins]).toEqual([0, 0, 0]);
  expect([free.top, p.brk]).toEqual([systemBytes, systemBytes]);
  expect(systemBytes).toBeLessThanOrEqual(2 * PAGE);
}
