import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MALLOG } from "../support/mallog-command.ts";
import { compilePrograms } from "./programs.ts";

/**
 * npm run stream -- [--events N] [OPTION of mallog…]
 *
 * Pipes a log that make-log writes on the fly into mallog, and prints mallog's resident memory at 10^6, 3·10^6, 10^7 …
 * events, up to N (10^8). Memory should depend on what is live, not on how long the log is. mallog's options are
 * --no-what-if unless others are given.
 */

const [threads, liveBlocks] = [16, 100_000];
const NEWLINE = 0x0a;

const given = process.argv.slice(2);
const [most, options] = given[0] === "--events" ? [Number(given[1]), given.slice(2)] : [1e8, given];
if (!Number.isInteger(most) || most < 1) {
  console.error("usage: npm run stream -- [--events N] [OPTION of mallog…]");
  process.exit(2);
}

/** 10^6, 3·10^6, 10^7 … up to `end` */
function* samplesUpTo(end: number): Generator<number> {
  for (let decade = 1e6; decade <= end; decade *= 10) {
    yield decade;
    if (3 * decade <= end) {
      yield 3 * decade;
    }
  }
}

/** Resident memory of a process now and at its peak, in MiB, and the processor time it has taken, in seconds. */
function memoryOf({ pid }: ChildProcess): { now: number; peak: number; cpu: number } {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const mebibytes = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  const times = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ");
  // utime and stime, in ticks of 10 ms
  const cpu = (Number(times[11]) + Number(times[12])) / 100;
  return { now: mebibytes("VmRSS"), peak: mebibytes("VmHWM"), cpu };
}

function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
    lines++;
  }
  return lines;
}

execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
const folder = mkdtempSync(join(tmpdir(), "mallog-stream-"));
try {
  compilePrograms(folder);
  const writer = spawn(join(folder, "make-log"), [most, threads, liveBlocks].map(String), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const argv = options.length > 0 ? options : ["--no-what-if"];
  const mallog = spawn(process.execPath, [MALLOG, ...argv, "--json"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let report = "";
  mallog.stdout.on("data", (chunk) => {
    report += String(chunk);
  });
  const ended = once(mallog, "close");
  const began = performance.now();
  const samples = samplesUpTo(most);
  let next = samples.next();
  let events = 0;
  const row = (what: string): void => {
    const { now, peak, cpu } = memoryOf(mallog);
    const seconds = (performance.now() - began) / 1000;
    const columns = [what, now.toFixed(0), peak.toFixed(0), cpu.toFixed(0), seconds.toFixed(0)];
    console.log(columns.map((column) => column.padStart(12)).join(""));
  };
  console.log(
    ["events", "RSS MiB", "peak MiB", "cpu s", "wall s"].map((head) => head.padStart(12)).join(""),
  );
  for await (const chunk of writer.stdout) {
    // What has been written waits in the pipe, some thousand lines, or has been read.
    if (!mallog.stdin.write(chunk)) {
      await once(mallog.stdin, "drain");
    }
    events += linesIn(chunk);
    while (next.done !== true && events >= next.value) {
      row(next.value.toLocaleString("en"));
      next = samples.next();
    }
  }
  mallog.stdin.end();
  await ended;
  // With -q and -o there is none.
  if (report !== "") {
    const { trace, live } = JSON.parse(report);
    const [read, left] = [trace.events, live.blocks].map((count) => count.toLocaleString("en"));
    console.log(`${read} events read, ${left} blocks live at the end`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
