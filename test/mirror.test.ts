import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** In these folders each file with logic has a unit test of its name, in the mirrored folder of test/. */
const FOLDERS = ["recorded", "replay"];

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The source files of a folder, by their paths below src/ without the extension. */
function filesOf(folder: string): string[] {
  return readdirSync(join(ROOT, "src", folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name.slice(0, -".ts".length)))
    .sort();
}

/** True unless the file has only types and data. */
function hasLogic(file: string): boolean {
  const text = readFileSync(join(ROOT, "src", `${file}.ts`), "utf8");
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  return /\bclass\b|\bfunction\b|=>/.test(code);
}

// The files of a core are tested through its facade.
const files = FOLDERS.flatMap(filesOf).filter((file) => !file.includes("/core/"));

it.each(files.filter(hasLogic))("%s has a test of its name", (file) => {
  expect(existsSync(join(ROOT, "test", `${file}.test.ts`))).toBe(true);
});

it("files with types and data only need no test", () => {
  expect(files.filter((file) => !hasLogic(file))).toEqual([
    "recorded/explain/explanation",
    "recorded/run-counts",
    "replay/guide",
    "replay/inferences",
    "replay/scenario-spec",
    "replay/writes/touch-facts",
  ]);
});
