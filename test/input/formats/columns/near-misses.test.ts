import { describe, test } from "vitest";
import { scanInferred } from "../../../support/collect.ts";
import { expectCalls, printedLog } from "../../../support/near-miss-checks.ts";
import {
  loggedCalls,
  PREFIXES,
  type Prefix,
  type Print,
  SPELLINGS,
  TAILS,
  type Tail,
} from "../../../support/near-misses.ts";

const CALLS = loggedCalls();

async function expectRead(prefix: Prefix, spell: Print, tail: Tail): Promise<void> {
  const log = printedLog(CALLS, prefix, spell, tail);
  expectCalls(await scanInferred([Buffer.from(log)]), CALLS, prefix, tail);
}

const NATIVE_SPELLING = SPELLINGS.native ?? (() => "");
const PLAIN = PREFIXES["[tid]"] ?? { print: () => "" };
const NO_TAIL: Tail = { print: () => "" };

describe("what stands before the call", () => {
  test.each(Object.entries(PREFIXES))("%s", async (_, prefix) => {
    await expectRead(prefix, NATIVE_SPELLING, NO_TAIL);
  });
});

describe("how the call is spelled", () => {
  test.each(Object.entries(SPELLINGS))("%s", async (_, spell) => {
    await expectRead(PLAIN, spell, NO_TAIL);
  });
});

describe("what stands behind the result", () => {
  test.each(Object.entries(TAILS))("%s", async (_, tail) => {
    await expectRead(PLAIN, NATIVE_SPELLING, tail);
  });
});
