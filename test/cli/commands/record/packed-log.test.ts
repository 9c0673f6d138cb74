import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { PackedLog } from "../../../../src/cli/commands/record/packed-log.ts";
import { newFolder } from "../../../support/run-mallog.ts";

const MIB = 1024 * 1024;

it("packs what no longer changes of a log that grows, and the rest once it has ended", async () => {
  const folder = newFolder();
  const path = join(folder, "malloc.1.log");
  const text = Array.from({ length: 300_000 }, (_, i) => `${i} a line of the log\n`).join("");
  const written = text.slice(0, 4 * MIB);
  // The hook's window, which is not written yet
  writeFileSync(path, `${written}${"\0".repeat(MIB)}`);
  const packed = new PackedLog(path, `${path}.gz`);
  const packedText = () => gunzipSync(readFileSync(`${path}.gz`)).toString();
  expect([await packed.packSome(), await packed.packSome(), await packed.packSome()]).toEqual([
    true,
    true,
    false,
  ]);
  expect(packedText()).toBe(written);
  writeFileSync(path, written);
  appendFileSync(path, text.slice(written.length));
  await packed.packRest(text.length, 3);
  packed.close();
  expect(packedText()).toBe(text);
});

it("packs an empty log", async () => {
  const path = join(newFolder(), "malloc.1.log");
  writeFileSync(path, "");
  const packed = new PackedLog(path, `${path}.gz`);
  await packed.packRest(0, 2);
  packed.close();
  expect(readFileSync(`${path}.gz`).length).toBe(0);
});
