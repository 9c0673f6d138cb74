import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { newFolder } from "../support/run-mallog.ts";
import { Build, type Input } from "./builds.ts";

/** A mallog whose report is its arguments and its standard input. */
const ECHO = `
const [log, ...options] = process.argv.slice(2);
const stdin = require("node:fs").readFileSync(0, "latin1");
console.log(JSON.stringify({ log, options, stdin }));
`;

function checkoutOf(script: string): string {
  const folder = newFolder();
  for (const [name, text] of [
    ["bin/mallog.js", 'require("../dist/node/main.js");'],
    ["dist/node/main.js", script],
  ] as const) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function logOf(text: string, strippings: Input["strippings"] = []): Input {
  const path = join(newFolder(), "trace.log.gz");
  writeFileSync(path, gzipSync(text));
  return { label: "", path, strippings };
}

const LOG = "7 00:00:00.1 [0x1] thread_exit()\n7 00:00:00.2 [0x1] free(0x2)\n";

it("gives a build the log's file by its name, or a stripped copy on standard input", async () => {
  const build = new Build(checkoutOf(ECHO), null);
  const options = ["--json", "--no-progress"];
  expect(await build.outcome(logOf(LOG))).toEqual({
    exitCode: 0,
    report: { log: "trace.log.gz", options, stdin: "" },
  });
  expect(await build.outcome(logOf(LOG, ["exits", "time"]))).toEqual({
    exitCode: 0,
    report: { log: "-", options, stdin: "7 [0x1] free(0x2)\n" },
  });
});

it("reports that a build printed nothing, with its exit code", async () => {
  const build = new Build(checkoutOf("process.exitCode = 3;"), null);
  expect(await build.outcome(logOf(LOG, ["time"]))).toEqual({ exitCode: 3, report: null });
});

it("keeps the outcome of a build, a log and its strippings in the cache", async () => {
  const cache = newFolder();
  const log = logOf(LOG);
  const script = "console.log(process.pid);";
  const checkout = checkoutOf(script);
  const first = await new Build(checkout, cache).outcome(log);
  const again = await new Build(checkout, cache).outcome(log);
  expect(again).toEqual(first);
  expect(readdirSync(cache)).toHaveLength(1);
  await new Build(checkout, cache).outcome({ ...log, strippings: ["marks"] });
  await new Build(checkoutOf(`${script};`), cache).outcome(log);
  await new Build(checkout, cache).outcome(logOf(`${LOG}${LOG}`));
  expect(readdirSync(cache)).toHaveLength(4);
});
