import { EventEmitter } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FakeOutput } from "../../support/fake-io.ts";
import { mallog, newFolder } from "../../support/run-mallog.ts";

const LOG = "7 00:00:01.000000 [0x0] malloc(20) = 0x5581000002a0\n";

const piped = () => ({ stdin: Readable.from([Buffer.from(LOG)]) });

describe("mallog convert", () => {
  test("writes to standard output, and says what the format cannot hold", async () => {
    const { code, out, err } = await mallog(["convert", "--to", "rep"], undefined, piped());
    expect(out).toBe("20\n1\n1\n1\na 0 20\n");
    expect(err).toBe("mallog: the rep format does not hold all: without 1 time stamp\n");
    expect(code).toBe(0);
  });

  test("writes the native format if none is named, and no message if nothing is lost", async () => {
    const { code, out, err } = await mallog(["convert"], undefined, piped());
    expect([code, out, err]).toEqual([0, LOG, ""]);
  });

  test("counts the lines that are no calls", async () => {
    const stdin = Readable.from([Buffer.from(`${LOG}nonsense\n`)]);
    const { out, err } = await mallog(["convert"], undefined, { stdin });
    expect(out).toBe(LOG);
    expect(err).toBe("mallog: left out 1 line that mallog does not read\n");
  });

  test("-q is silent", async () => {
    const { err } = await mallog(["convert", "--to", "rep", "-q"], undefined, piped());
    expect(err).toBe("");
  });

  test("writes a file, compressed if its name says so", async () => {
    const cwd = newFolder();
    const { out } = await mallog(["convert", "-o", "a.log"], undefined, { cwd, ...piped() });
    await mallog(["convert", "-o", "a.log.gz"], undefined, { cwd, ...piped() });
    expect(out).toBe("");
    expect(readFileSync(join(cwd, "a.log"), "utf8")).toBe(LOG);
    expect(gunzipSync(readFileSync(join(cwd, "a.log.gz"))).toString()).toBe(LOG);
  });

  test("refuses to write over its input", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "a.log"), LOG);
    const argv = ["convert", join(cwd, "a.log"), "-o", "a.log"];
    const { code, err } = await mallog(argv, undefined, { cwd });
    expect(err).toBe("mallog: -o a.log: is also an input; name another file\n");
    expect(code).toBe(2);
  });

  test.each([
    ["", "standard input: empty"],
    ["nonsense\n", "standard input: its only line is not a malloc call"],
  ])("leaves a file as it was if the log is %j", async (log, message) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "a.csv"), "old");
    const stdin = Readable.from(log === "" ? [] : [Buffer.from(log)]);
    const argv = ["convert", "--to", "csv", "-o", "a.csv"];
    const { code, err } = await mallog(argv, undefined, { cwd, stdin });
    expect(err).toContain(message);
    expect(code).toBe(3);
    expect(readdirSync(cwd)).toEqual(["a.csv"]);
    expect(readFileSync(join(cwd, "a.csv"), "utf8")).toBe("old");
  });

  test("interrupted: no file, and the signal's exit code", async () => {
    const cwd = newFolder();
    const stdin = new PassThrough();
    const signals = new EventEmitter();
    const running = mallog(["convert", "-o", "a.log"], undefined, { cwd, stdin, signals });
    stdin.write(LOG);
    setTimeout(() => signals.emit("SIGINT", "SIGINT"), 20);
    const { code, err } = await running;
    expect(err).toBe("mallog: interrupted; a.log is not written\n");
    expect(code).toBe(130);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test("ends quietly if nobody reads standard output any more", async () => {
    const stdout = new FakeOutput({ failWith: "EPIPE" });
    const given = { ...piped(), stdout };
    const { code, err } = await mallog(["convert"], undefined, given);
    expect([code, err]).toEqual([0, ""]);
  });

  test("says so if standard output cannot be written", async () => {
    const stdout = new FakeOutput({ failWith: "ENOSPC" });
    const { code, err } = await mallog(["convert"], undefined, { ...piped(), stdout });
    expect(err).toBe("mallog: cannot write standard output: no space left on the device\n");
    expect(code).toBe(3);
  });

  test.each([
    [["--to", "xml"], "option '--to <format>' argument 'xml' is invalid. Allowed choices are"],
    [["no-such.log"], "no-such.log: no such file"],
    [["-o", "no/such/folder"], "cannot write no/such/folder: its directory does not exist"],
  ])("refuses %j", async (options, message) => {
    const { code, err } = await mallog(["convert", ...options], undefined, piped());
    expect(err).toContain(message);
    expect(code).toBeGreaterThanOrEqual(2);
  });
});
