import { expect, it } from "vitest";
import { problemWith } from "./check.ts";
import { inputOf } from "./input.ts";

/** The first of the inputs that `npm run fuzz` makes: they stay the same, so that a failure is one of the change. */
const SEEDS = 100;

it(`mallog withstands the first ${SEEDS} made-up inputs`, async () => {
  const problems: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const problem = await problemWith(inputOf(seed));
    if (problem !== null) {
      problems.push(`seed ${seed}: ${problem}`);
    }
  }
  expect(problems).toEqual([]);
});
