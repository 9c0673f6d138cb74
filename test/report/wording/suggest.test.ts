import { expect, test } from "vitest";
import { suggest } from "../../../src/report/wording/suggest.ts";

const words = ["volume", "calls", "live", "peak", "tid", "pinned"];

test.each([
  ["volum", "volume"],
  ["LIVE", "live"],
  ["pined", "pinned"],
  ["tdi", null],
  ["elephant", null],
  ["", null],
])("%s: %s", (word, meant) => expect(suggest(word, words)).toBe(meant));
