import { expect, test } from "vitest";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../support/corpus.ts";

/** Settings under which threads share arenas, and heaps are trimmed. */
const WHAT_IFS = [
  scenario("two", { MALLOC_ARENA_MAX: "2" }, false),
  scenario("trimmed", { MALLOC_TRIM_THRESHOLD_: "65536" }, true),
];

test.each(casesOf(OWN_CORPUS))(
  "the report does not depend on the size of batches: $name",
  (one) => {
    const log = logOf(one, "default")!;
    // Samples over the log are taken between batches.
    const options = { ...optionsFor(one, "default", WHAT_IFS), samples: false };
    const expected = JSON.stringify(analyse(log, options));
    // A line that a hook without a lock wrote late is looked for in the next batches, a fixed number of them.
    const isLocked = !/^simple hook/.test(one.meta.hook);
    for (const events of isLocked ? [257, 4093] : [4093]) {
      expect(JSON.stringify(analyse(log, options, events)) === expected, `${events} events`).toBe(
        true,
      );
    }
  },
);
