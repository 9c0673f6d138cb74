import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENDINGS } from "../../src/report/writers/index.ts";
import { answers, mallog, newFolder } from "../support/run-mallog.ts";

// The HTML page takes its script and style from dist.
test("every format in one run, also those with an ending in two parts", async () => {
  const folder = newFolder();
  const names = ENDINGS.map((ending) => `r${ending}`);
  const argv = ["x", "-q", ...names.flatMap((name) => ["-o", name])];
  const { code } = await mallog(argv, answers(), { cwd: folder });
  expect(code).toBe(0);
  expect(readdirSync(folder).sort()).toEqual(names.sort());
  const begins = (name: string, text: string): void =>
    expect(readFileSync(join(folder, name), "utf8").slice(0, text.length)).toBe(text);
  begins("r.bench.json", '[\n  {\n    "name"');
  begins("r.metrics.txt", "# TYPE mallog_");
  begins("r.md", "## mallog: ");
  begins("r.xml", "<?xml");
});
