import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Report } from "../../src/report/contract/report.ts";
import { MALLOG } from "../support/mallog-command.ts";
import { newFolder } from "../support/run-mallog.ts";

/**
 * A signal at any time, with the threads of the built package: the report is that of the lines that it says it has read.
 * When the signal comes is left to the machine: the report itself says how far mallog had come.
 */

const BOOT = fileURLToPath(new URL("../../fixtures/jvm/boot.log.gz", import.meta.url));

async function run(argv: readonly string[], stdin: number | "ignore", interruptAfter: number) {
  const child = spawn(process.execPath, [MALLOG, "--json", "--no-progress", ...argv], {
    env: { PATH: process.env.PATH },
    stdio: [stdin, "pipe", "pipe"],
  });
  let out = "";
  child.stdout?.on("data", (chunk) => {
    out += String(chunk);
  });
  const timer = setTimeout(() => child.kill("SIGINT"), interruptAfter);
  await once(child, "close");
  clearTimeout(timer);
  // A signal before mallog listens ends the process.
  const report: Report | null = out === "" ? null : JSON.parse(out);
  return { code: child.exitCode, report };
}

function content({ complete, trace, ...rest }: Report) {
  return { ...rest, trace: { ...trace, sources: [] } };
}

test.each([
  ["a file", 200],
  ["a file", 350],
  ["a file", 500],
  ["a file", 900],
  ["standard input", 300],
  ["standard input", 600],
])("SIGINT while mallog reads %s, %i ms after its start", async (kind, wait) => {
  const log = gunzipSync(readFileSync(BOOT)).toString("latin1");
  const folder = newFolder();
  const path = join(folder, "malloc.log");
  // Long enough that the signal comes while it is read.
  writeFileSync(path, log.repeat(8));
  const isFile = kind === "a file";
  const given = isFile ? [path] : [];
  const stdin = isFile ? "ignore" : openSync(path, "r");
  const { code, report } = await run(given, stdin, wait);
  if (report === null) {
    return;
  }
  expect(code).toBe(130);
  expect(report.complete).toBe(false);
  const lines = log.repeat(8).split("\n", report.trace.lines.total);
  if (lines.length === 0) {
    expect(report.trace.events).toBe(0);
    return;
  }
  const prefix = join(folder, "prefix.log");
  writeFileSync(prefix, lines.map((line) => `${line}\n`).join(""));
  const whole = await run([prefix], "ignore", 600_000);
  expect(whole.code).toBe(0);
  expect(content(report)).toEqual(content(whole.report!));
});
