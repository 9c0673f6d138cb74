import { expect, it } from "vitest";
import { parseAxis } from "../../../src/cli/commands/sweep/axis.ts";
import { combinations } from "../../../src/cli/commands/sweep/grid.ts";
import type { GridAxis } from "../../../src/report/contract/sweep.ts";

function axes(...texts: string[]): GridAxis[] {
  return texts.map((text) => {
    const parsed = parseAxis(text);
    if ("error" in parsed) {
      throw new Error(parsed.error);
    }
    return parsed.ok;
  });
}

const TRIMS = "malloc_trim=recorded,end,30s";

it("combines each value of an axis with each of the others, except recorded ones only", () => {
  expect(combinations(axes("MALLOC_ARENA_MAX=recorded, 1,2,1", TRIMS), "auto")).toEqual({
    ok: [
      "malloc_trim=end",
      "malloc_trim=30s",
      "MALLOC_ARENA_MAX=1",
      "MALLOC_ARENA_MAX=1,malloc_trim=end",
      "MALLOC_ARENA_MAX=1,malloc_trim=30s",
      "MALLOC_ARENA_MAX=2",
      "MALLOC_ARENA_MAX=2,malloc_trim=end",
      "MALLOC_ARENA_MAX=2,malloc_trim=30s",
    ],
  });
});

it("takes 64 combinations and no more", () => {
  const eight = (name: string): string => `${name}=1,2,3,4,5,6,7,8`;
  const most = axes(eight("MALLOC_ARENA_MAX"), eight("MALLOC_TRIM_THRESHOLD_"));
  const all = combinations(most, "2.36");
  expect("ok" in all && all.ok.length).toBe(64);
  expect(combinations([...most, ...axes("cpus=1,2")], "2.36")).toEqual({
    error: "8 × 8 × 2 = 128 combinations, more than 64; give fewer values",
  });
  const [values] = axes(`MALLOC_TOP_PAD_=${Array.from({ length: 65 }, (_, i) => i)}`);
  expect(combinations([values!], "2.36")).toEqual({
    error: "65 combinations, more than 64; give fewer values",
  });
});

it.each([
  [
    ["MALLOC_ARENA_MAX=1", "glibc.malloc.arena_max=2"],
    "auto",
    /given twice, first as MALLOC_ARENA_MAX/,
  ],
  [["MALLOC_ARENA_MAX=recorded"], "auto", /nothing but the recorded run/],
  [["glibc.malloc.tcache_count=0,9"], "2.23", /has no glibc.malloc.tcache_count/],
  [["MALLOC_TRIM_THRESHOLD=1"], "auto", /did you mean MALLOC_TRIM_THRESHOLD_\?/],
])("refuses %j under glibc %s", (texts, glibc, reason) => {
  expect(combinations(axes(...texts), glibc)).toEqual({ error: expect.stringMatching(reason) });
});

it.each(["", "MALLOC_ARENA_MAX", "=1", "MALLOC_ARENA_MAX=", "MALLOC_ARENA_MAX=1,,2"])(
  "refuses the axis %j",
  (text) => {
    expect(parseAxis(text)).toHaveProperty("error");
  },
);
