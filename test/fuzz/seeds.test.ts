import { describe, expect, it } from "vitest";
import { problemWith } from "./check.ts";
import { inputOf } from "./input.ts";

/** `npm run fuzz` tries a thousand times as many. */
const COUNT = process.env.MALLOG_QUICK === undefined ? 300 : 30;
const NEW = COUNT / 10;

async function problemsFrom(seed: number, count: number): Promise<string[]> {
  const problems: string[] = [];
  for (let n = seed; n < seed + count; n++) {
    const problem = await problemWith(inputOf(n));
    if (problem !== null) {
      problems.push(`npm run fuzz -- --seed ${n}: ${problem}`);
    }
  }
  return problems;
}

describe("made-up logs give a report or one line", () => {
  it(`the same ${COUNT} in each run`, async () => {
    expect(await problemsFrom(1, COUNT)).toEqual([]);
  });

  const seed = Math.floor(Math.random() * 2 ** 30);
  it(`others in each run: ${NEW} from seed ${seed} on`, async () => {
    expect(await problemsFrom(seed, NEW)).toEqual([]);
  });

  it("are the same for a seed", () => {
    expect(inputOf(7)).toEqual(inputOf(7));
    expect(inputOf(7)).not.toEqual(inputOf(8));
  });
});
