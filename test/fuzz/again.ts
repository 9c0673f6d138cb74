import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problemWith } from "./check.ts";
import { inputOf } from "./input.ts";
import { kindOf } from "./problems.ts";
import { shrunk } from "./shrink.ts";

/** Tries one seed again. Prints what goes wrong, writes the log, made as small as possible, and returns the text. */
export async function tryAgain(seed: number): Promise<string> {
  const input = inputOf(seed);
  const problem = await problemWith(input);
  if (problem === null) {
    return `seed ${seed}: nothing is wrong`;
  }
  const small = await shrunk(input, async (one) => {
    const other = await problemWith(one);
    return other !== null && kindOf(other) === kindOf(problem);
  });
  const pieces = small.files.length === 0 ? [small.bytes] : small.files.map(({ bytes }) => bytes);
  const paths = pieces.map((bytes, i) => {
    const path = join(tmpdir(), `mallog-fuzz-${seed}${i === 0 ? "" : `-${i}`}.log`);
    writeFileSync(path, bytes);
    return path;
  });
  const command = `mallog ${[...small.argv, ...paths].join(" ")}`;
  const text = small.bytes.toString("latin1").slice(0, 2000);
  return `seed ${seed}: ${problem}\n${command}\n\n${text}`;
}
