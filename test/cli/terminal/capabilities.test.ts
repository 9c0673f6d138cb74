import { describe, expect, test } from "vitest";
import { coloured, widthOf } from "../../../src/cli/terminal/capabilities.ts";
import { chalkFor } from "../../../src/cli/terminal/chalk-for.ts";
import { FakeOutput } from "../../support/fake-io.ts";

const terminal = new FakeOutput({ columns: 100 });
const pipe = new FakeOutput();

describe("colour", () => {
  test.each([
    ["a terminal", terminal, {}, null, true],
    ["a pipe", pipe, {}, null, false],
    ["NO_COLOR", terminal, { NO_COLOR: "1" }, null, false],
    ["an empty NO_COLOR has no effect", terminal, { NO_COLOR: "" }, null, true],
    ["TERM=dumb", terminal, { TERM: "dumb" }, null, false],
    ["FORCE_COLOR into a pipe", pipe, { FORCE_COLOR: "1" }, null, true],
    ["an empty FORCE_COLOR forces", pipe, { FORCE_COLOR: "" }, null, true],
    ["FORCE_COLOR=0", terminal, { FORCE_COLOR: "0" }, null, false],
    ["FORCE_COLOR=false", terminal, { FORCE_COLOR: "false" }, null, false],
    ["FORCE_COLOR before TERM=dumb", pipe, { FORCE_COLOR: "1", TERM: "dumb" }, null, true],
    ["NO_COLOR before FORCE_COLOR", pipe, { NO_COLOR: "1", FORCE_COLOR: "1" }, null, false],
    ["--color before NO_COLOR", pipe, { NO_COLOR: "1" }, true, true],
    ["--no-color before FORCE_COLOR", terminal, { FORCE_COLOR: "1" }, false, false],
  ])("%s", (_, stream, env, option, expected) => {
    expect(coloured(stream, env, option)).toBe(expected);
    const red = chalkFor(stream, env, option).red("x");
    expect(red).toBe(expected ? "\u001b[31mx\u001b[39m" : "x");
  });
});

describe("width", () => {
  test.each([
    ["that of the terminal", terminal, { COLUMNS: "70" }, 100],
    ["COLUMNS if there is no terminal", pipe, { COLUMNS: "70" }, 70],
    ["80 if nothing is known", pipe, {}, 80],
    ["80 if COLUMNS is not a number", pipe, { COLUMNS: "wide" }, 80],
    ["at least 40, to stay readable", new FakeOutput({ columns: 10 }), {}, 40],
    ["80 for a terminal that reports a width of 0", new FakeOutput({ columns: 0 }), {}, 80],
  ])("%s", (_, stream, env, expected) => expect(widthOf(stream, env)).toBe(expected));
});
