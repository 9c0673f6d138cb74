import { describe, expect, it } from "vitest";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor } from "../support/corpus.ts";

/** Real logs moved to other address spaces: the allocator behaves alike there. */

const PLACES: Record<string, (log: string) => string> = {
  "48 bits of arm64": (log) =>
    log.replace(/\b0x55(?=.{10}\b)/g, "0xaa").replace(/\b0x7f(?=.{10}\b)/g, "0xff"),
  // ulimit -s unlimited: mappings grow upwards from a third of the address space.
  "the legacy layout": (log) => log.replace(/\b0x7f(?=.{10}\b)/g, "0x2b"),
  "39 bits of arm64": (log) => log.replace(/\b0x(55|7f)..(?=.{8}\b)/g, "0x$1"),
};

const cases = casesOf(OWN_CORPUS).filter(({ name }) =>
  ["threadfrag-noleak-back-g236", "perl-churn-g223", "mt-baton24-g236"].includes(name),
);

describe.each(cases)("$name", (one) => {
  const log = logOf(one, "default")?.toString("latin1") ?? "";
  const options = optionsFor(one, "default", []);

  it.each(Object.keys(PLACES))("matches every pointer in %s", (name) => {
    const moved = PLACES[name]?.(log) ?? "";
    expect(moved).not.toBe(log);
    const { model, scenarios } = analyse(Buffer.from(moved), options);
    expect(model?.fidelity.ratio).toBe(1);
    const here = analyse(Buffer.from(log), options).scenarios[0]?.rss;
    expect(scenarios[0]?.rss).toEqual(here);
  });
});

it("finds its logs", () => expect(cases).toHaveLength(3));
