import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { Diagnostics } from "../../../src/input/diagnostics.ts";
import { LineScanner } from "../../../src/input/formats/line-scanner.ts";
import type { LogFormat } from "../../../src/input/formats/log-format.ts";
import { CollectingSink } from "../../support/collect.ts";

/** The example of docs/adding-a-format.md, as it is printed there. */
const DOCUMENT = readFileSync(new URL("../../../docs/adding-a-format.md", import.meta.url), "utf8");
const FORMATS = fileURLToPath(new URL("../../../src/input/formats/", import.meta.url));
const folder = mkdtempSync(join(FORMATS, "../../../node_modules/.mallog-example-"));

afterAll(() => rmSync(folder, { recursive: true }));

async function example(): Promise<LogFormat> {
  const [, code = ""] = /```ts\n([\s\S]*?)```/.exec(DOCUMENT) ?? [];
  const path = join(folder, "ours.ts");
  writeFileSync(
    path,
    code
      .replaceAll('from "./', `from "${FORMATS}`)
      .replaceAll('from "../../', `from "${FORMATS}../../`),
  );
  const { OURS } = await import(pathToFileURL(path).href);
  return OURS;
}

test("the worked example reads what it says", async () => {
  const format = await example();
  const lines = ["12 +5581000002a0:64", "13 -5581000002a0", "14 +5581000002a0"];
  expect(format.recognises(lines)).toBe(true);
  expect(format.recognises(["malloc(1) = 0x10"])).toBe(false);
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  new LineScanner(sink, diagnostics, format, lines).scan(bytes, bytes.length);
  sink.end();
  expect(sink.events).toMatchObject([
    { time: 12_000, size: 100, pointerOut: 0x5581000002a0 },
    { time: 13_000, pointerIn: 0x5581000002a0 },
  ]);
  expect(diagnostics.lines.malformed).toBe(1);
  expect(diagnostics.format.tells).toEqual({ threads: false, times: true, callers: false });
});
