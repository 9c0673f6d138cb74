import * as fc from "fast-check";
import { describe, it } from "vitest";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { compareWithModel } from "../support/against-glibc.ts";
import { SETTINGS, SHAPES, type Shape, sequencesOf } from "../support/arbitraries.ts";
import { realGlibc, runReal } from "../support/glibc-driver.ts";

/**
 * The model against this machine's real glibc: random programs of 600 to 700 calls, each of them run for real, and
 * every pointer, the break after every call, every heap, resident page and mallinfo2 field compared.
 */
const glibc = realGlibc();
const profile = glibc.available ? profileOf(glibc.glibc) : null;
const title = glibc.available
  ? profile === null
    ? `glibc ${glibc.glibc} is not modelled`
    : `like glibc ${glibc.glibc}`
  : `not compared: ${glibc.reason}`;

/** A driver start serves this many programs. */
const PROGRAMS = 25;

describe.skipIf(profile === null)(title, { timeout: 300_000 }, () => {
  // Where an alignment above a page puts a block depends on where the kernel put the mapping, which no log tells.
  const shapes: Shape[] = Object.values(SHAPES).filter(({ name }) => name !== "wide alignments");
  for (const shape of shapes) {
    // Writing every block of the large shapes is the kernel's work, not the model's: fewer of them.
    const runs = shape.name === "many heaps" ? 1 : 2;
    it(`${shape.name}, written by the program or not: ${2 * runs * PROGRAMS} programs`, () => {
      compare(shape, shape.env ?? {}, "none", runs);
      compare(shape, shape.env ?? {}, shape.untouchedOnly ? "none" : "all", runs);
    });
  }

  for (const setting of SETTINGS) {
    const name = Object.entries(setting)
      .map(([key, value]) => `${key}=${value}`)
      .join(" ");
    it(`${name}: ${3 * PROGRAMS} programs`, () => {
      for (const shape of [SHAPES.mixed, SHAPES.threads, SHAPES.trims]) {
        compare(shape, setting, "none", 1);
      }
    });
  }

  function compare(
    shape: Shape,
    env: Readonly<Record<string, string>>,
    touch: "all" | "none",
    numRuns: number,
  ): void {
    fc.assert(
      fc.property(sequencesOf(shape, { programs: PROGRAMS }), (sequences) => {
        for (const run of runReal(sequences, { env, touch })) {
          compareWithModel(run, profile!, env, touch);
        }
      }),
      { numRuns },
    );
  }
});
