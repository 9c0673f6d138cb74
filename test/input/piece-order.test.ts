import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { inOrderOfTime } from "../../src/input/piece-order.ts";

const folder = mkdtempSync(join(tmpdir(), "mallog-piece-order-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: string | Buffer): string {
  const path = join(folder, `piece-${++files}`);
  writeFileSync(path, content);
  return path;
}
const at = (time: string) => file(`1 ${time} free(0x0)\n`);

describe("pieces of a log", () => {
  test("are sorted by their first times, compressed or not, whatever stands before", async () => {
    const late = file("ee(0x10)\n# a comment\n1 00:20:00.000000 free(0x0)\n");
    const middle = file(gzipSync("1 00:10:00.000000 free(0x0)\n1 00:30:00.000000 free(0x0)\n"));
    const early = at("00:00:00.000000");
    const sorted = [early, middle, late];
    expect(await inOrderOfTime([late, middle, early])).toEqual(sorted);
    expect(await inOrderOfTime([middle, late, early])).toEqual(sorted);
    const given = [early, middle, late];
    expect(await inOrderOfTime(given)).toBe(given);
  });

  test("stay in the order given past midnight, but not out of order around it", async () => {
    const [evening, night, morning] = [at("23:00:00.0"), at("00:10:00.0"), at("01:00:00.0")];
    const given = [evening, night, morning];
    expect(await inOrderOfTime(given)).toBe(given);
    expect(await inOrderOfTime([morning, night])).toEqual([night, morning]);
  });

  test("are sorted by times in ms as in seconds; a column of threads is no time", async () => {
    const ms = [at("1795935956765"), at("1795935946765")];
    expect(await inOrderOfTime(ms)).toEqual([ms[1], ms[0]]);
    const close = [at("1795935946999"), at("1795935946765")];
    expect(await inOrderOfTime(close)).toBe(close);
    const threads = [file("100 190 free(0x0)\n"), file("100 101 free(0x0)\n")];
    expect(await inOrderOfTime(threads)).toBe(threads);
  });

  test("stay if each may be a run of its own, whose times begin at 0", async () => {
    const given = [at("00:00:00.9"), at("00:00:00.0")];
    expect(await inOrderOfTime(given)).toBe(given);
  });

  test("stay if one has no time, is standard input, a pipe, or missing", async () => {
    const [late, early] = [at("00:20:00.0"), at("00:00:00.0")];
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const others = ["-", pipe, join(folder, "missing"), folder, file("1 free(0x0)\n"), file("")];
    for (const other of others) {
      const given = [late, other, early];
      expect(await inOrderOfTime(given)).toBe(given);
    }
  });
});
