import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { mallog, newFolder } from "../../support/run-mallog.ts";

const LOG = `# pid 4711
4711 00:00:01.000000 [0x7f0000001000] malloc(20) = 0x5581000002a0
4711 00:00:02.000000 [0x7f0000001000] malloc(30) = 0x5581000002c0
no call
`;

const SHRUNK = `# pid 1
1 00:00:01.000000 [0x7f0000080000] malloc(20) = 0x2200000002a0
1 00:00:02.000000 [0x7f0000080000] malloc(30) = 0x2200000002c0
`;

const piped = () => ({ stdin: Readable.from([Buffer.from(LOG)]) });

describe("mallog shrink", () => {
  test("writes to standard output, and says what it did", async () => {
    const { code, out, err } = await mallog(["shrink"], undefined, piped());
    expect(out).toBe(SHRUNK);
    expect(err).toBe(
      "mallog: 2 calls; new numbers for 1 thread and 1 page of code; left out 1 line that mallog does not read\n",
    );
    expect(code).toBe(0);
  });

  test("writes a compressed file", async () => {
    const cwd = newFolder();
    const { out } = await mallog(["shrink", "-q", "-o", "a.gz"], undefined, { cwd, ...piped() });
    expect(out).toBe("");
    expect(gunzipSync(readFileSync(join(cwd, "a.gz"))).toString()).toBe(SHRUNK);
  });

  test("counts the blocks that are live above a window", async () => {
    const { out, err } = await mallog(["shrink", "--from", "line:2"], undefined, piped());
    expect(out).toBe(SHRUNK);
    expect(err).toContain("mallog: 1 call, and above 1 live block; ");
  });

  test("takes a mark in the last line for an end", async () => {
    const stdin = Readable.from([Buffer.from(`${LOG}4711 mark(end)\n`)]);
    const { code, out } = await mallog(["shrink", "--to", "mark:end"], undefined, { stdin });
    expect(out).toBe(`${SHRUNK}1 [0x0] mark(1)\n`);
    expect(code).toBe(0);
  });

  test.each([
    [["--from", "peak"], "--from peak: the peak shows only once the log is replayed"],
    [["--from", "1h"], "--from 1h: the log has no call after it"],
    [["--from", "mark:warm"], "--from mark:warm: the log has no such mark"],
    [["--from", "2", "--to", "2"], "--to 2: is not after --from"],
    [["--to", "mark:warm"], "--to mark:warm: the log has no such mark"],
    [["--to", "1"], "--to 1: the log begins after it"],
    [["--to", "soon"], "--to soon: give END, "],
  ])("refuses %j, and writes no file", async (options, message) => {
    const cwd = newFolder();
    const argv = ["shrink", ...options, "-o", "a.log"];
    const { code, err } = await mallog(argv, undefined, { cwd, ...piped() });
    expect(err).toContain(`mallog: ${message}`);
    expect(code).toBe(2);
    expect(readdirSync(cwd)).toEqual([]);
  });
});
