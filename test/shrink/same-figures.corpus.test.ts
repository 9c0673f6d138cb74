import { expect, test } from "vitest";
import { comparedFigures } from "../support/compared-figures.ts";
import { casesOf, logOf, OWN_CORPUS } from "../support/corpus.ts";
import { reportOfText, shrunkLog } from "../support/shrunk-log.ts";

const cases = casesOf(OWN_CORPUS);

test("the corpus has cases", () => expect(cases.length).toBeGreaterThan(8));

test.each(cases)("$name has the same figures once it is shrunk", async (one) => {
  const log = logOf(one, "default") ?? Buffer.alloc(0);
  const { text } = await shrunkLog([log]);
  const report = await reportOfText(log);
  expect(report.trace.events).toBeGreaterThan(0);
  expect(comparedFigures(await reportOfText(text))).toEqual(comparedFigures(report));
});
