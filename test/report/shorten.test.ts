import { expect, test } from "vitest";
import { cutFrame } from "../../src/report/shorten.ts";

test("a frame loses its package first, then its line, then the middle of its method", () => {
  const frame = "java.util.zip.Inflater.inflate(Inflater.java:378)";
  const cut = (width: number) => cutFrame(frame, width);
  expect(cut(49)).toBe(frame);
  expect(cut(48)).toBe("Inflater.inflate(Inflater.java:378)");
  expect(cut(34)).toBe("Inflater.inflate");
  expect(cut(11)).toBe("Infla…flate");
  expect(cutFrame("main", 4)).toBe("main");
  expect(cutFrame("((((", 3)).toBe("");
});
