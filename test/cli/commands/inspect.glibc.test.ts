import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type {
  ArenaState,
  BinState,
  Inspection,
  ThreadState,
} from "../../../src/report/contract/inspection.ts";
import { CProgram } from "../../support/c-program.ts";
import { UNKNOWN_PROCESS } from "../../support/corpus.ts";
import { canRecord, Hook } from "../../support/hooked.ts";
import { inspected } from "../../support/inspected.ts";

/**
 * A moment of a log against the process that wrote it, at the same moment: the chunks of every bin as gdb reads them from
 * the process's memory, and the calls of malloc_trim(0) as strace shows them.
 */

const hook = new Hook();
const program = new CProgram("stopped-heap");
const SCRIPT = fileURLToPath(new URL("../../support/read-arenas.py", import.meta.url));

const isX86 = process.arch === "x64";
const canTrace = canRecord && isX86 && runs("strace", "-V") && runs("strace", "-qq", "true");
const canDebug = canRecord && isX86 && hasKnownLayout() && gdbHasPython();

function runs(command: string, ...argv: readonly string[]): boolean {
  return spawnSync(command, argv, { stdio: "pipe" }).status === 0;
}

/** read-arenas.py knows the structs of these. */
function hasKnownLayout(): boolean {
  const version = execFileSync("getconf", ["GNU_LIBC_VERSION"], { encoding: "utf8" });
  const minor = Number(/2\.(\d+)/.exec(version)?.[1]);
  return minor >= 32 && minor <= 41;
}

function gdbHasPython(): boolean {
  const { status, stdout } = spawnSync("gdb", ["-batch", "-ex", "python print(6 * 7)"], {
    encoding: "utf8",
  });
  return status === 0 && stdout.includes("42");
}

/** The program's malloc_trim(0), and the moment before it. */
function beforeTrim(log: Buffer, parts: Parameters<typeof inspected>[3]): Inspection {
  const lines = log.toString("latin1").split("\n");
  const line = lines.findIndex((text) => text.includes("malloc_trim(0)"));
  expect(line).toBeGreaterThan(10_000);
  return inspected(log, UNKNOWN_PROCESS, { kind: "line", line }, parts);
}

function logIn(folder: string): Buffer {
  const [name = ""] = readdirSync(folder).filter((one) => one.endsWith(".log"));
  return readFileSync(join(folder, name));
}

describe.skipIf(!canRecord)("a recorded process", () => {
  beforeAll(() => {
    hook.compile();
    program.compile("-O1", "-g", "-fno-builtin", "-pthread");
  }, 120_000);

  it.skipIf(!canDebug)(
    `has the chunks in every bin that gdb sees${canDebug ? "" : " (skipped: no gdb with Python, or its script does not know this glibc)"}`,
    () => {
      const folder = mkdtempSync(join(hook.folder, "gdb-"));
      const out = join(folder, "arenas.json");
      const { status, stderr } = spawnSync("gdb", ["-batch", "-nx", "-x", SCRIPT, program.path], {
        encoding: "utf8",
        timeout: 60_000,
        env: {
          PATH: process.env.PATH,
          HOOKED_LD_PRELOAD: hook.path,
          HOOKED_MALLOG_OUT: join(folder, "malloc.%p.log"),
          ARENAS_OUT: out,
        },
      });
      expect({ status, stderr: stderr.replace(/^warning: .*\n/gm, "") }).toMatchObject({
        status: 0,
      });
      const seen: Seen = JSON.parse(readFileSync(out, "utf8"));
      const { heap, model } = beforeTrim(logIn(folder), { chunksPerBin: Number.POSITIVE_INFINITY });
      expect(model.fidelity.ratio).toBe(1);
      expect(heap.addresses).toBe("whole");
      expect(heap.arenas.map(arenaSeen)).toEqual(seen.arenas.map(withoutMainAddress));
      expect(heap.threads.map(tcacheSeen)).toEqual(seen.tcaches);
      // The program fills all kinds of lists.
      expect(heap.threads.map(({ bins }) => bins.length > 5)).toEqual([true, true]);
      const kinds = heap.arenas.flatMap(({ bins }) => bins.map(({ kind }) => kind));
      expect(new Set(kinds)).toEqual(new Set(["fastbin", "unsorted", "smallbin", "largebin"]));
    },
    120_000,
  );

  it.skipIf(!canTrace)(
    `returns by malloc_trim(0) the ranges that strace shows${canTrace ? "" : " (skipped: no strace, or it may not trace)"}`,
    () => {
      const folder = mkdtempSync(join(hook.folder, "strace-"));
      const out = join(folder, "calls.txt");
      const argv = ["-qq", "-f", "-e", "trace=madvise,brk,write", "-o", out];
      const env = hook.env(join(folder, "malloc.%p.log"));
      const settings = ["LD_PRELOAD", "MALLOG_OUT"].flatMap((name) => [
        "-E",
        `${name}=${env[name]}`,
      ]);
      const { status, stderr } = spawnSync("strace", [...argv, ...settings, program.path], {
        encoding: "utf8",
        timeout: 60_000,
        env: { PATH: process.env.PATH },
      });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      const [earlier = "", during = ""] = readFileSync(out, "utf8").split(
        /write\(2, "before trim.*\n/,
      );
      const [calls = ""] = during.split(/\d+ +write\(2, "after trim/);
      const { heap } = beforeTrim(logIn(folder), { trim: true });
      const traced = [...calls.matchAll(/madvise\((0x[0-9a-f]+), (\d+), MADV_DONTNEED\)/g)].map(
        ([, address, bytes]) => ({ call: "madvise", address, bytes: Number(bytes) }),
      );
      expect(traced.length).toBeGreaterThan(10);
      const ranges = (heap.trim ?? []).map(({ call, address, bytes }) => ({
        call,
        address,
        bytes,
      }));
      expect(ranges.filter(({ call }) => call === "madvise")).toEqual(traced);
      // libc remembers the break: the call before is the one that set it.
      const [before = 0] = breaksOf(earlier).slice(-1);
      const [after = 0] = breaksOf(calls).slice(-1);
      const [lowered] = ranges.filter(({ call }) => call === "brk");
      expect(lowered).toEqual({
        call: "brk",
        address: `0x${after.toString(16)}`,
        bytes: before - after,
      });
    },
    120_000,
  );
});

/** The program break after each call of brk. */
function breaksOf(calls: string): number[] {
  return [...calls.matchAll(/brk\(\S+\) += (0x[0-9a-f]+)/g)].map(([, result = ""]) =>
    Number(result),
  );
}

/** Lists by index: addresses and sizes of their chunks, from the head. */
type Lists = Readonly<Record<string, readonly (readonly [address: number, bytes: number])[]>>;

interface SeenArena {
  readonly address: number | null;
  readonly system: number;
  readonly top: number;
  readonly topBytes: number;
  readonly fastbins: Lists;
  readonly bins: Lists;
}

interface Seen {
  readonly arenas: readonly SeenArena[];
  readonly tcaches: readonly {
    readonly address: number;
    readonly size: number;
    readonly bins: Lists;
  }[];
}

function listsOf(bins: readonly BinState[]): Lists {
  return Object.fromEntries(
    bins.map(({ index, first }) => [
      String(index),
      first.map(({ address, bytes }) => [Number(address), bytes] as const),
    ]),
  );
}

function arenaSeen({ address, systemBytes, top, bins }: ArenaState): SeenArena {
  return {
    address: address === null ? null : Number(address),
    system: systemBytes,
    top: Number(top?.address),
    topBytes: top?.bytes ?? 0,
    fastbins: listsOf(bins.filter(({ kind }) => kind === "fastbin")),
    bins: listsOf(bins.filter(({ kind }) => kind !== "fastbin")),
  };
}

/** The main arena's state is in libc's data. */
function withoutMainAddress(arena: SeenArena, index: number): SeenArena {
  return index === 0 ? { ...arena, address: null } : arena;
}

function tcacheSeen({ tcacheStruct, bins }: ThreadState) {
  return {
    address: Number(tcacheStruct?.address),
    size: tcacheStruct?.bytes,
    bins: listsOf(bins),
  };
}
