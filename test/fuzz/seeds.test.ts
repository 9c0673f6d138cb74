import { expect, it } from "vitest";
import { problemWith } from "./check.ts";
import { inputOf } from "./input.ts";

/** The first of the inputs that `npm run fuzz` makes: they stay the same, so that a failure is one of the change. */
const SEEDS = 500;
/** New inputs in each run; the title has the seed of the first. */
const NEW_SEEDS = 100;
const newSeed = Math.floor(Math.random() * 2 ** 30);

async function problemsFrom(first: number, count: number): Promise<string[]> {
  const problems: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const problem = await problemWith(inputOf(seed));
    if (problem !== null) {
      problems.push(`npm run fuzz -- --seed ${seed}: ${problem}`);
    }
  }
  return problems;
}

it(`mallog withstands the first ${SEEDS} made-up inputs`, async () => {
  expect(await problemsFrom(1, SEEDS)).toEqual([]);
});

it(`mallog withstands ${NEW_SEEDS} made-up inputs from seed ${newSeed} on`, async () => {
  expect(await problemsFrom(newSeed, NEW_SEEDS)).toEqual([]);
});

it("a seed gives the same input each time", () => {
  expect(inputOf(7)).toEqual(inputOf(7));
  expect(inputOf(7)).not.toEqual(inputOf(8));
});
