import { spawn } from "node:child_process";
import { dirname } from "node:path";
import type { Parsed } from "../report/wording/parsed.ts";
import { type Measurement, parseMeasurement } from "./measurement.ts";

/** The process that replays: the allocator in it, and its settings. */
export interface ReplayingProcess {
  /** of the built replayer */
  readonly replayer: string;
  /** ld.so of another glibc, beside its libraries; null: the machine's */
  readonly loader: string | null;
  /** of another allocator; null: glibc's */
  readonly library: string | null;
  /** environment variables; it has no others */
  readonly env: Readonly<Record<string, string>>;
}

export interface ReplayOptions {
  /** file of the operations */
  readonly operations: string;
  /** RSS is measured after each of these numbers of events, besides `SAMPLES` others */
  readonly moments: readonly number[];
  /** number of the schedule of malloc_trim calls, from 1; 0: none */
  readonly schedule: number;
  readonly trimsAtEnd: boolean;
  readonly hugePages: boolean;
  /** true: threads run side by side, as replayer/side-by-side.c has it; false: in the log's order */
  readonly free: boolean;
}

/** At equal distances in the log. */
const SAMPLES = 200;

/** Replays the operations. Null: `signal` has aborted. */
export async function replayNatively(
  process: ReplayingProcess,
  { operations, moments, schedule, trimsAtEnd, hugePages, free }: ReplayOptions,
  signal: AbortSignal,
): Promise<Parsed<Measurement> | null> {
  const argv = [
    operations,
    ...(free ? ["free"] : []),
    `samples=${SAMPLES}`,
    ...moments.map((events) => `at=${events}`),
    ...(schedule === 0 ? [] : [`every=${schedule}`]),
    ...(trimsAtEnd ? ["trim"] : []),
    ...(hugePages ? [] : ["small-pages"]),
  ];
  const output = await outputOf(process, argv, signal);
  if (signal.aborted) {
    return null;
  }
  return "error" in output ? output : parseMeasurement(output.ok);
}

/** What a replaying process runs on. */
export interface ReplayingSystem {
  /** version of its glibc */
  readonly glibc: string;
  /** of a page of the kernel */
  readonly pageBytes: number;
}

export async function systemOf(
  process: ReplayingProcess,
  signal: AbortSignal,
): Promise<Parsed<ReplayingSystem>> {
  const output = await outputOf(process, ["version"], signal);
  if ("error" in output) {
    return output;
  }
  const [glibc = "", pageBytes = ""] = output.ok.trim().split(" ");
  return { ok: { glibc, pageBytes: Number(pageBytes) } };
}

function outputOf(
  { replayer, loader, library, env }: ReplayingProcess,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<Parsed<string>> {
  const words =
    loader === null
      ? [replayer, ...argv]
      : [loader, "--library-path", dirname(loader), replayer, ...argv];
  const [command = "", ...rest] = words;
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...env, ...(library === null ? {} : { LD_PRELOAD: library }) },
    signal,
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("latin1").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("latin1").on("data", (text: string) => {
    errors += text;
  });
  return new Promise((done) => {
    child.on("error", (error) => done({ error: error.message }));
    child.on("close", (code, killedBy) => {
      const [reason] = /(?<=^error ).*$/m.exec(output) ?? [];
      const [said] = errors.split("\n");
      if (code === 0) {
        done({ ok: output });
      } else {
        const ended = killedBy === null ? `exit code ${code}` : `signal ${killedBy}`;
        done({ error: reason ?? (said ? said : `the replaying process ended by ${ended}`) });
      }
    });
  });
}
