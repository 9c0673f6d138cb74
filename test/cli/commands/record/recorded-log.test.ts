import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Packer } from "../../../../src/cli/commands/record/packer.ts";
import { rawLogs } from "../../../../src/cli/commands/record/raw-logs.ts";
import {
  keepLogs,
  newFolder as newLogFolder,
} from "../../../../src/cli/commands/record/recorded-log.ts";
import { Failure } from "../../../../src/cli/problems.ts";
import { newFolder } from "../../../support/run-mallog.ts";

/** Ids of processes that no machine has. */
const PIDS = [4_194_305, 4_194_306];

/** Two logs in a folder, each of several members, as a recording has left them. */
function recorded() {
  const cwd = newFolder();
  const folder = newFolder();
  const texts = PIDS.map((pid) => `${pid} a line of the log\n`.repeat(300_000));
  const paths = PIDS.map((pid) => join(folder, `malloc.${pid}.log`));
  paths.forEach((path, i) => {
    writeFileSync(path, texts[i]!);
  });
  const logs = rawLogs(folder).map((log) => ({ ...log, name: `m.${log.pid}.log.gz` }));
  const kept = (name: string) => readFileSync(join(cwd, name), "latin1");
  return { cwd, folder, texts, paths, logs, kept };
}

async function failureOf(kept: Promise<void>): Promise<unknown> {
  const error: unknown = await kept.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof Failure ? error.problem : error;
}

describe("logs that cannot be packed", () => {
  it("are left uncompressed and whole where the disk is full", async () => {
    const { cwd, folder, texts, paths, logs, kept } = recorded();
    symlinkSync("/dev/full", `${paths[1]}.gz`);
    const packer = new Packer(folder, true);
    expect(await failureOf(keepLogs(logs, packer, cwd))).toEqual({
      code: "output",
      file: `m.${PIDS[1]}.log.gz`,
      reason: `no space left on the device; kept uncompressed in m.${PIDS[1]}.log`,
    });
    expect(readdirSync(cwd).sort()).toEqual([`m.${PIDS[0]}.log.gz`, `m.${PIDS[1]}.log`]);
    const packed = readFileSync(join(cwd, `m.${PIDS[0]}.log.gz`));
    expect(gunzipSync(packed).toString("latin1")).toBe(texts[0]);
    expect(kept(`m.${PIDS[1]}.log`)).toBe(texts[1]);
  });

  it("are left uncompressed, beside a file of that name, after an interrupt", async () => {
    const { cwd, folder, texts, logs, kept } = recorded();
    writeFileSync(join(cwd, `m.${PIDS[0]}.log`), "another's\n");
    const interrupt = new AbortController();
    const failure = failureOf(keepLogs(logs, new Packer(folder, true), cwd, interrupt.signal));
    interrupt.abort();
    expect(await failure).toEqual({
      code: "output",
      file: `m.${PIDS[0]}.log.gz`,
      reason: `interrupted; kept uncompressed in m.${PIDS[0]}.log.${PIDS[0]}, m.${PIDS[1]}.log`,
    });
    expect(kept(`m.${PIDS[0]}.log`)).toBe("another's\n");
    expect(kept(`m.${PIDS[0]}.log.${PIDS[0]}`)).toBe(texts[0]);
    expect(kept(`m.${PIDS[1]}.log`)).toBe(texts[1]);
    expect(readdirSync(cwd).length).toBe(3);
  });

  it("while the program runs are packed at its end", async () => {
    const { cwd, folder, texts, paths, logs } = recorded();
    symlinkSync("/dev/full", `${paths[0]}.gz`);
    const packer = new Packer(folder, true);
    packer.start();
    // What is written there fails; then the packed file is removed.
    while (existsSync(`${paths[0]}.gz`)) {
      await new Promise((done) => setTimeout(done, 5));
    }
    await packer.stop();
    await keepLogs(logs.slice(0, 1), packer, cwd);
    const packed = readFileSync(join(cwd, `m.${PIDS[0]}.log.gz`));
    expect(gunzipSync(packed).toString("latin1")).toBe(texts[0]);
  });

  it("at the moment at which the program ends are packed anew", async () => {
    const { cwd, folder, texts, paths, logs } = recorded();
    symlinkSync("/dev/full", `${paths[0]}.gz`);
    const packer = new Packer(folder, true);
    packer.start();
    await packer.stop();
    await keepLogs(logs.slice(0, 1), packer, cwd);
    const packed = readFileSync(join(cwd, `m.${PIDS[0]}.log.gz`));
    expect(gunzipSync(packed).toString("latin1")).toBe(texts[0]);
  });
});

describe("the place of a log", () => {
  it("is a file: a pipe or a device is not replaced", () => {
    const cwd = newFolder();
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    symlinkSync("/dev/full", join(cwd, "device"));
    const refusedFor = (output: string) => {
      try {
        return newLogFolder(output, cwd);
      } catch (error) {
        return error instanceof Failure ? error.problem : error;
      }
    };
    for (const file of ["pipe", "device"]) {
      const reason = "is a device or a pipe; give the name of a file";
      expect(refusedFor(file)).toEqual({ code: "output", file, reason });
    }
    const reason = "a log is not written to standard output; give the name of a file";
    expect(refusedFor("-")).toEqual({ code: "output", file: "-", reason });
    expect(readdirSync(cwd).toSorted()).toEqual(["device", "pipe"]);
  });
});
