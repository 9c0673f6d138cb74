import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Profile, profileOf } from "../../src/ptmalloc/profile.ts";
import { compareWithModel } from "../support/against-glibc.ts";
import { DEBIAN_GLIBCS, debianGlibc } from "../support/debian-glibc.ts";
import { type RunOptions, realGlibc, runReal } from "../support/glibc-driver.ts";
import { sequencesOf } from "../support/random-programs/sequences.ts";
import { SETTINGS, SHAPES, type Shape } from "../support/random-programs/shapes.ts";

/**
 * Compares the model with the real glibcs of five Debian releases, and with this machine's own if it is another: random
 * programs of 600 to 700 calls run on both, and every pointer, the break after every call, every heap, resident page
 * and mallinfo field is compared. A version that is not available is skipped, with the reason in the title.
 *
 *     MALLOG_FUZZ=20 npx vitest run test/ptmalloc/differential.glibc.test.ts
 *
 * runs 20 times as many programs.
 */
const LONGER = Number(process.env.MALLOG_FUZZ ?? 1);

/** Programs per start of the driver: of each shape, and of each shape under each setting, of which there are many. */
const PROGRAMS = 10;
const PROGRAMS_OF_SETTING = 5;

interface Candidate {
  readonly glibc: string;
  readonly title: string;
  /** null: not compared */
  readonly profile: Profile | null;
  /** how to run programs with it; null for this machine's own */
  readonly on: Pick<RunOptions, "loader">;
}

const own = realGlibc();

async function ofDebian({ glibc, release }: (typeof DEBIAN_GLIBCS)[number]): Promise<Candidate> {
  const title = `glibc ${glibc} of Debian's ${release}`;
  const fetched = own.available ? await debianGlibc(glibc, release) : own;
  return "loader" in fetched
    ? { glibc, title, profile: profileOf(glibc), on: { loader: fetched.loader } }
    : { glibc, title: `${title}, not compared: ${fetched.reason}`, profile: null, on: {} };
}

function ofThisMachine(glibc: string): Candidate {
  const profile = profileOf(glibc);
  const title = `this machine's glibc ${glibc}${profile === null ? ", not modelled" : ""}`;
  return { glibc, title, profile, on: {} };
}

const candidates = await Promise.all(DEBIAN_GLIBCS.map(ofDebian));
const compared = candidates.filter(({ profile }) => profile !== null);
if (own.available && !compared.some(({ glibc }) => glibc === own.glibc)) {
  candidates.push(ofThisMachine(own.glibc));
}

// Alignments above a page depend on the address of the mapping, which the kernel chooses.
const shapes: Shape[] = Object.values(SHAPES).filter(({ name }) => name !== "wide alignments");

for (const { title, profile, on } of candidates) {
  if (profile === null) {
    console.warn(title);
  }
  describe.skipIf(profile === null)(`like ${title}`, { timeout: 120_000 * LONGER }, () => {
    for (const shape of shapes) {
      it(`${shape.name}, with and without writes of the program`, () => {
        compare(shape, shape.env ?? {}, "none");
        compare(shape, shape.env ?? {}, shape.untouchedOnly ? "none" : "all");
      });
    }

    for (const setting of SETTINGS) {
      const name = Object.entries(setting).map(([key, value]) => `${key}=${value}`);
      const isUnknown = name.some((one) => one.includes("hugetlb")) && profile?.thpUnit === "none";
      it.skipIf(isUnknown)(`under ${name.join(" ")}`, () => {
        for (const shape of [SHAPES.mixed, SHAPES.threads, SHAPES.trims]) {
          compare(shape, setting, "none", PROGRAMS_OF_SETTING);
        }
      });
    }

    it("the initial break with and without GLIBC_TUNABLES (T21)", () => {
      const tunables = "glibc.malloc.tcache_count=3";
      const [plain, tuned] = [{}, { GLIBC_TUNABLES: tunables }].map((env) => {
        const [run] = runReal([{ steps: [] }], { ...on, env, startBreak: "found" });
        return run!.startBreak % 4096;
      });
      const copied = `GLIBC_TUNABLES=${tunables}\0`.length;
      expect(tuned! - plain!).toBe(profile!.tunablesMoveBreak ? copied : 0);
    });

    function compare(
      shape: Shape,
      env: Readonly<Record<string, string>>,
      touch: "all" | "none",
      programs = PROGRAMS,
    ): void {
      const property = fc.property(sequencesOf(shape, { programs }), (sequences) => {
        for (const run of runReal(sequences, { ...on, env, touch, startBreak: "found" })) {
          compareWithModel(run, profile!, env, touch);
        }
      });
      fc.assert(property, { numRuns: LONGER });
    }
  });
}
