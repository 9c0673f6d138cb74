import { constants } from "node:buffer";
import { expect, test } from "vitest";
import { withinLongestText } from "../../../src/cli/analysis/longest-text.ts";
import { Failure } from "../../../src/cli/problems.ts";

test("a text that Node.js cannot have is a failure that tells the threads", () => {
  const half = "x".repeat(constants.MAX_STRING_LENGTH / 2);
  for (const tooLong of [() => [half, half, half].join("\n"), () => half + half + half]) {
    expect(() => withinLongestText(7, tooLong)).toThrow(
      expect.objectContaining({ problem: { code: "tooLong", threads: 7 } }),
    );
  }
  expect(withinLongestText(7, () => "text")).toBe("text");
});

test("other errors stay what they are", () => {
  const other = () => {
    throw new RangeError("Invalid array length");
  };
  expect(() => withinLongestText(7, other)).toThrow(RangeError);
  expect(() => withinLongestText(7, other)).not.toThrow(Failure);
});
