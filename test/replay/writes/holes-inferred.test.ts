import { expect, it } from "vitest";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../../support/corpus.ts";

/** Enough for a few exits; more would take long. */
const LINES = 40_000;

/** Writes that become known are replayed anew with every explanation that is tried for a wrong pointer. */
it("thread exits are inferred as ever in a log that promises to tell of holes", () => {
  const one = casesOf(OWN_CORPUS).find(({ name }) => name === "mt-baton24-g236")!;
  const told = logOf(one, "default")!.toString("latin1");
  const silentOnExits = told.split("\n").filter((line) => !line.includes("thread_exit"));
  const log = `${silentOnExits.slice(0, LINES).join("\n")}\n`;
  const options = optionsFor(one, "default", [scenario("one", { MALLOC_ARENA_MAX: "1" }, true)]);
  // A comment each, so that the lines have the same numbers.
  const plain = analyse(Buffer.from(`# plain\n${log}`), options);
  const silent = analyse(Buffer.from(`# holes min=64\n${log}`), options);
  expect(silent.model?.inferred.threadExits).toBeGreaterThan(0);
  expect(silent.model?.inferred).toEqual(plain.model?.inferred);
  expect(silent.model?.fidelity).toEqual(plain.model?.fidelity);
  const ends = (report: typeof plain) => report.scenarios.map(({ rss }) => rss.endBytes);
  expect(ends(silent)).toEqual(ends(plain));
});
