import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { readText, readTextOrStdin } from "../../../src/cli/files/read-text.ts";
import { newFolder } from "../../support/run-mallog.ts";

test("a text, whose characters may lie on a chunk's border, up to the largest size", () => {
  const cwd = newFolder();
  const text = `${"x".repeat(65_535)}ü`;
  writeFileSync(join(cwd, "text"), text);
  expect(readText("text", cwd, 65_537)).toEqual({ ok: text });
  expect(readText("text", cwd, 65_536)).toEqual({ error: "is larger than 64 KiB" });
  expect(readText("none", cwd, 10)).toEqual({ error: "no such file" });
  expect(readText(".", cwd, 10)).toEqual({ error: "is a directory" });
});

test("a device without an end", () => {
  expect(readText("/dev/zero", "/", 1024 * 1024)).toEqual({ error: "is larger than 1,024 KiB" });
});

test("standard input", async () => {
  const io = (stdin: Readable) => ({ cwd: "/", stdin });
  const [first, second] = [Buffer.from([0xc3]), Buffer.from([0xbc])];
  expect(await readTextOrStdin("-", io(Readable.from([first, second])))).toEqual({ ok: "ü" });
});
