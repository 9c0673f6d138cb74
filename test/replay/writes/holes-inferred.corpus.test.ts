import { expect, it } from "vitest";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../../support/corpus.ts";

/** Enough for a few exits; more take long. */
const LINES = 40_000;

/** Every trial of an explanation replays the writes that become known, too. */
it("infers the same thread exits in a log that has a # holes header", () => {
  const one = casesOf(OWN_CORPUS).find(({ name }) => name === "mt-baton24-g236")!;
  const whole = logOf(one, "default")!.toString("latin1");
  const withoutExits = whole.split("\n").filter((line) => !line.includes("thread_exit"));
  const log = `${withoutExits.slice(0, LINES).join("\n")}\n`;
  const options = optionsFor(one, "default", [scenario("one", { MALLOC_ARENA_MAX: "1" }, true)]);
  // A comment in both, so that the lines have the same numbers.
  const plain = analyse(Buffer.from(`# plain\n${log}`), options);
  const silent = analyse(Buffer.from(`# holes min=64\n${log}`), options);
  expect(silent.model?.inferred.threadExits).toBeGreaterThan(0);
  expect(silent.model?.inferred).toEqual(plain.model?.inferred);
  expect(silent.model?.fidelity).toEqual(plain.model?.fidelity);
  const ends = (report: typeof plain) => report.scenarios.map(({ rss }) => rss.endBytes);
  expect(ends(silent)).toEqual(ends(plain));
});
