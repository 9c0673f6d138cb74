import { describe, expect, it } from "vitest";
import { packagesFor, whyNot } from "./needs.ts";
import { parseOptions, Usage } from "./options.ts";
import type { Row } from "./row.ts";
import { ROWS } from "./rows/all.ts";
import { underSettings } from "./rows/rivals.ts";

function row(name: string, onRequest: boolean): Row {
  const measure = () => ({ ratios: [] });
  return { name, ratioOf: "a / b", target: null, stretch: null, onRequest, measure };
}

const SOME = [row("short", false), row("long", true), row("other", false)];

function chosen(...args: string[]): string[] {
  return parseOptions(args, SOME).rows.map(({ name }) => name);
}

describe("the rows", () => {
  it("are those of a short run, those that are named, or all", () => {
    expect(chosen()).toEqual(["short", "other"]);
    expect(chosen("long")).toEqual(["long"]);
    expect(chosen("--all")).toEqual(["short", "long", "other"]);
  });

  it("have names of their own", () => {
    const names = ROWS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

it("a row, a number of pairs or an option that cannot be shows the usage", () => {
  for (const args of [["nothing"], ["--pairs", "0"], ["--pairs", "x"], ["--nothing"]]) {
    expect(() => parseOptions(args, SOME)).toThrow(Usage);
  }
  expect(() => parseOptions(["--help"], SOME)).toThrow(
    "without a ROW, about 10 minutes: short other",
  );
});

it("five pairs are measured, or as many as are asked for", () => {
  expect(parseOptions([], SOME)).toMatchObject({ pairs: 5, output: "bench.json", installs: false });
  expect(parseOptions(["--pairs", "3"], SOME).pairs).toBe(3);
});

describe("commands that a row needs", () => {
  const isThere = (command: string) => command === "gcc";

  it("are named where they are missing", () => {
    expect(whyNot(["gcc"], isThere)).toBe(null);
    expect(whyNot(["gcc", "ltrace", "java"], isThere)).toBe("not installed: ltrace, java");
  });

  it("are in packages, of which each is installed once", () => {
    const commands = ["heaptrack", "gcc", "heaptrack_print", "unheard-of"];
    expect(packagesFor(commands, isThere)).toEqual(["heaptrack"]);
  });
});

it("a program is run once under each setting", () => {
  expect(underSettings("program 1")).toBe(
    "program 1 && MALLOC_ARENA_MAX=1 program 1 && MALLOC_ARENA_MAX=2 program 1",
  );
});
