import { execFileSync, type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { withParents } from "../../src/input/forked-log.ts";
import { HOOK, sourceOf } from "../../src/native/native-programs.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { analyse, UNKNOWN_PROCESS } from "./corpus.ts";
import { newFolder } from "./run-mallog.ts";

/** A C compiler, and a glibc to record with. */
export const canRecord = hasGlibcAndCompiler();

function hasGlibcAndCompiler(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "pipe" });
    execFileSync("getconf", ["GNU_LIBC_VERSION"], { stdio: "pipe" });
    return process.platform === "linux";
  } catch {
    return false;
  }
}

export interface Recorded {
  readonly status: SpawnSyncReturns<string>;
  /** the logs of all processes by the names of their files, as the hook left them */
  readonly logs: ReadonlyMap<string, Buffer>;
  /** the largest of them */
  readonly largest: Buffer;
}

/** The hook, compiled with all warnings as errors into a folder that is removed after the file's tests. */
export class Hook {
  readonly folder = mkdtempSync(join(tmpdir(), "mallog-hook-"));
  readonly path = join(this.folder, "hook.so");

  constructor() {
    afterAll(() => rmSync(this.folder, { recursive: true }));
  }

  /** @throws Error the compiler fails; the message has its output */
  compile(...flags: readonly string[]): void {
    const all = "-std=c11 -O2 -fPIC -shared -Wall -Wextra -Werror".split(" ");
    const argv = [...all, ...flags, "-o", this.path, "-x", "c", "-"];
    execFileSync("cc", argv, { input: sourceOf(HOOK), stdio: "pipe" });
  }

  /** The environment of a program that is to be recorded. */
  env(out: string, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, LD_PRELOAD: this.path, MALLOG_OUT: out, ...more };
  }

  /** Runs a program under the hook. */
  record(
    command: string,
    argv: readonly string[],
    { env = {}, input = "" }: { env?: Record<string, string>; input?: string } = {},
  ): Recorded {
    const folder = mkdtempSync(join(this.folder, "logs-"));
    const status = spawnSync(command, argv, {
      encoding: "utf8",
      input,
      // A program that waits for a lock forever is to fail the test, and not to stop it.
      timeout: 60_000,
      killSignal: "SIGKILL",
      env: this.env(join(folder, "malloc.%p.log"), env),
      maxBuffer: 2 ** 28,
    });
    const logs = new Map(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]),
    );
    const [largest = Buffer.alloc(0)] = [...logs.values()].sort((a, b) => b.length - a.length);
    return { status, logs, largest };
  }
}

/** A log as it is read beside those of the other processes: with its parents' calls, if it is a fork's. */
export async function withParentsOf(
  name: string,
  logs: ReadonlyMap<string, Buffer>,
): Promise<Buffer> {
  const folder = newFolder();
  for (const [other, log] of logs) {
    writeFileSync(join(folder, other), log);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of withParents(join(folder, name)) ?? [logs.get(name)!]) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The report of a log about which nothing is known but what it states. */
export function reported(log: Buffer): Report {
  return analyse(log, UNKNOWN_PROCESS);
}

/** Pointers that the model gave elsewhere, lines that were not read, and the RSS samples that it missed. */
export function misses(log: Buffer): { pointers: number; malformed: number; samples: number } {
  const { model, trace, measured } = reported(log);
  const { compared = 0, equal = 0 } = model?.fidelity ?? {};
  const samples = measured?.rssSamples ?? [];
  return {
    pointers: compared - equal,
    malformed: trace.lines.malformed,
    samples: samples.filter(({ bytes, modelledBytes }) => bytes !== modelledBytes).length,
  };
}

/** What a log's comments of one kind state, in order. */
export function comments(log: Buffer, key: string): string[] {
  return [...log.toString("latin1").matchAll(new RegExp(`^# ${key} (.*)$`, "gm"))].map(
    ([, text = ""]) => text,
  );
}
