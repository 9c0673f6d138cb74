import { expect, test } from "vitest";
import { cutFrame, foldAtCommas } from "../../../src/report/wording/shorten.ts";

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

test("a list of settings breaks after commas, then between words, then anywhere", () => {
  const list = "MALLOC_ARENA_MAX=1,MALLOC_TRIM_THRESHOLD_=131072";
  expect(foldAtCommas(list, 48)).toBe(list);
  expect(foldAtCommas(list, 29)).toBe("MALLOC_ARENA_MAX=1,\nMALLOC_TRIM_THRESHOLD_=131072");
  expect(foldAtCommas(list, 23)).toBe("MALLOC_ARENA_MAX=1,\nMALLOC_TRIM_THRESHOLD_=\n131072");
  expect(foldAtCommas(list, 20)).toBe("MALLOC_ARENA_MAX=1,\nMALLOC_TRIM_\nTHRESHOLD_=131072");
});
