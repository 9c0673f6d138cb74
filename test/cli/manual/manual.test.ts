import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { manual } from "../../../src/cli/manual/manual.ts";
import { roffText } from "../../../src/cli/manual/roff.ts";
import { mallog } from "../../support/run-mallog.ts";

const page = manual({ version: "1.2.3", date: "2026-11-30" });

const isThere = (tool: string) => spawnSync(tool, ["--version"]).error === undefined;

const COMMANDS = [
  ..."analyze check diff inspect sweep replay verify".split(" "),
  ..."record watch convert shrink hook completion schema".split(" "),
];

test("the page has the sections of one, and all commands", () => {
  expect(page.match(/^\.SH .*/gm)).toEqual([
    ".SH NAME",
    ".SH SYNOPSIS",
    ".SH DESCRIPTION",
    ".SH COMMANDS",
  ]);
  expect(page.match(/^\.SS .*/gm)).toEqual(COMMANDS.map((name) => `.SS "mallog ${name}"`));
});

test.each(COMMANDS)("the page has all of mallog %s --help", async (command) => {
  const { out } = await mallog([command, "--help"]);
  const words = (text: string) =>
    text
      .replaceAll("\\&", "")
      .split(/\s+/)
      .filter((word) => word !== "" && word !== "Usage:");
  const section = page.slice(page.indexOf(`.SS "mallog ${command}"`)).split("\n.SS ")[0] ?? "";
  const known = new Set([...words(section), ...words(page.slice(0, page.indexOf(".SH COMMANDS")))]);
  const missing = words(out).filter((word) => !known.has(roffText(word).replace(/^\\&/, "")));
  // Titles of groups, which a man page has none of.
  expect(
    missing.filter((word) => !/^[A-Z][a-z]+:$|^(?:What|to|show:|analyze\|analyse)$/.test(word)),
  ).toEqual([]);
});

test("nothing of a text is a request, or a character that roff reads", () => {
  expect(roffText(".SH\n'x' a-b \\n `~^ 0x…")).toBe(
    "\\&.SH\n\\(aqx\\(aq a\\-b \\en \\(ga\\(ti\\(ha 0x\\[u2026]",
  );
  expect(page).toMatch(/^[\n -~]*$/);
});

test.runIf(isThere("groff"))("groff has nothing to say against it", () => {
  const { status, stderr, stdout } = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-rHY=0"], {
    input: page,
  });
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
  expect(stdout.toString()).toContain("MALLOG_OUT=malloc.%p.log");
});

test.runIf(isThere("mandoc"))("mandoc has nothing to say against it", () => {
  const { stdout } = spawnSync("mandoc", ["-Tlint", "-Wwarning"], { input: page });
  expect(stdout.toString()).toBe("");
});
