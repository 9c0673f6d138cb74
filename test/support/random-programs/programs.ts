import * as fc from "fast-check";
import { PROFILES } from "../../../src/ptmalloc/profile.ts";
import { applySetting, MallocPar } from "../../../src/ptmalloc/settings.ts";
import { settingsIn } from "../against-glibc.ts";
import type { Sequence } from "../glibc-program.ts";
import type { Calls, ProcessOptions } from "../model-calls.ts";
import { type Process, process } from "../model-driver.ts";
import { sequencesOf } from "./sequences.ts";
import { SETTINGS, SHAPES, type Shape } from "./shapes.ts";

/** A program with all calls, several threads and thread ends, for one version and its settings. */
export interface Program {
  readonly glibc: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly sequence: Sequence;
}

/** The variables and tunables of `settings` that a version accepts. */
function accepted(glibc: string, settings: Readonly<Record<string, string>>) {
  const profile = PROFILES.find(({ name }) => name === glibc)!;
  const takes = ([name, value]: readonly [string, string]): boolean =>
    applySetting(new MallocPar(profile), profile, name, value) === null;
  return Object.fromEntries(settingsIn(settings).filter(takes));
}

export function programsOf(shape: Shape, moves: number): fc.Arbitrary<Program> {
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

export interface Run {
  readonly p: Process;
  readonly threads: (Calls | undefined)[];
  /** the result of each call, and the resident pages after it */
  readonly trace: string[];
}

export function run(
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

export const shapes = Object.values<Shape>(SHAPES);
/** Fewer for heaps of 64 MiB, since each call checks them whole. */
export const movesOf = ({ name }: Shape): number => (name === "many heaps" ? 60 : 250);
