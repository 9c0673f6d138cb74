import fc from "fast-check";
import { test } from "vitest";
import { scanInferred } from "../../../support/collect.ts";
import { expectCalls, printedLog } from "../../../support/near-miss-checks.ts";
import { loggedCalls, PREFIXES, SPELLINGS, TAILS } from "../../../support/near-misses.ts";

const lead = fc.constantFrom("", "# glibc 2.36", "starting up", "\ufeff", "malloc hook loaded");

test("any call is read behind any prefix and before any tail", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(PREFIXES)),
      fc.constantFrom(...Object.keys(SPELLINGS)),
      fc.constantFrom(...Object.keys(TAILS)),
      lead,
      fc.nat(1000),
      async (prefixName, spellingName, tailName, first, seed) => {
        const prefix = PREFIXES[prefixName];
        const spell = SPELLINGS[spellingName];
        const tail = TAILS[tailName];
        if (prefix === undefined || spell === undefined || tail === undefined) {
          throw new RangeError("no such form");
        }
        const calls = loggedCalls(seed);
        const log = `${first}\n${printedLog(calls, prefix, spell, tail)}`;
        expectCalls(await scanInferred([Buffer.from(log)]), calls, prefix, tail);
      },
    ),
    { numRuns: 100, interruptAfterTimeLimit: 120_000 },
  );
});
