import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readErrorReason } from "../../files/system-error.ts";
import type { Environment } from "../../io.ts";
import { Failure } from "../../problems.ts";
import { hasAmx, sseRegisters } from "./target-description.ts";

/** A process that gdb can stop. */
export interface Target {
  readonly pid: number;
  /** for gdb's commands */
  readonly folder: string;
  readonly env: Environment;
  /** of this machine, as Node.js names it */
  readonly arch: string;
}

/** Instructions that the main thread runs, one by one, until it is at a point where it can load a library. */
const MOST_STEPS = 3000;

/** How often that is tried. */
const MOST_TRIES = 10;

/** A process is stopped no longer than that. */
const TIMEOUT_MS = 60_000;

const BUSY = "mallog: busy";

/** System calls that malloc makes: in these, its locks may be held. mmap, mprotect, munmap, brk, mremap, madvise */
const SYSTEM_CALLS = {
  x64: { isIn: "$orig_rax >= 0", number: "$orig_rax", ofMalloc: [9, 10, 11, 12, 25, 28] },
  arm64: {
    // The instruction before is svc #0.
    isIn: "*(unsigned int *)($pc - 4) == 0xd4000001",
    number: "$x8",
    ofMalloc: [222, 226, 215, 214, 216, 233],
  },
} as const;

/**
 * Loads a library into the process. Its main thread calls dlopen, where it is not inside malloc or ld.so.
 * @throws Failure notAttached
 */
export function loadLibrary(library: string, target: Target): void {
  if (codeOf(target.pid, /\/libc(?:\.so\.6|-2\.\d+\.so)$/).length === 0) {
    throw notAttached(
      target,
      "it does not use glibc; statically linked programs, and those of another C library, cannot be watched",
    );
  }
  for (const call of [
    `((void *(*)(const char *, int))dlopen)(${quoted(library)}, 2)`,
    // Until 2.33, where the process has not loaded libdl: RTLD_NOW | __RTLD_DLOPEN.
    `((void *(*)(const char *, int))__libc_dlopen_mode)(${quoted(library)}, 0x80000002)`,
  ]) {
    const output = whereIdle(`print/x (long)${call}\n${ERROR_TEXT}`, target);
    const [, result] = /^\$1 = 0x([0-9a-f]+)$/m.exec(output) ?? [];
    if (result !== undefined && result !== "0") {
      return;
    }
    if (result === "0") {
      const [, reason = "ld.so does not say why"] =
        /^\$2 = 0x[0-9a-f]+ "(.*)"$/m.exec(output) ?? [];
      throw notAttached(target, `the hook cannot be loaded: ${reason}`);
    }
    if (!/No symbol ("(dlopen|__libc_dlopen_mode)"|table)/.test(output)) {
      throw notAttached(target, gdbReason(output));
    }
  }
  throw notAttached(target, "gdb finds no dlopen in it");
}

const ERROR_TEXT = `if $1 == 0
  print ((char *(*)(void))dlerror)()
end`;

/**
 * Calls a function of a loaded library, as `loadLibrary` does.
 * @throws Failure notAttached
 */
export function callFunction(name: string, library: string, target: Target): void {
  whereIdle(`sharedlibrary ${pattern(library)}\nprint ((void (*)(void))${name})()`, target);
}

/**
 * Runs gdb's commands where the main thread holds no lock of the allocator or the hook, and does not load a library.
 * Returns the output.
 * @throws Failure notAttached
 */
function whereIdle(commands: string, target: Target): string {
  const inLibraries = inLibrary(target.pid).join(" || ") || "0";
  const isIdle = idleCondition(target, inLibraries);
  const script = `${SYMBOLS}
set $steps = 0
set $was_outside = 0
while !(${isIdle}) && $steps < ${MOST_STEPS}
  set $was_outside = !(${inLibraries})
  stepi
  set $steps = $steps + 1
end
if ${isIdle}
${commands}
else
  echo ${BUSY}\\n
end`;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const output = run(script, target);
    if (!output.includes(BUSY)) {
      return output;
    }
  }
  throw notAttached(target, "its main thread is in malloc each time; try again later");
}

const SYMBOLS = "sharedlibrary ^.*/(libc|libdl|ld)[-.]";

/**
 * Where vector registers are restored only in part, the program does not use them within a system call, nor where it has just
 * called a function of a library.
 */
function idleCondition({ pid, arch }: Target, inLibraries: string): string {
  const { isIn, number, ofMalloc } = SYSTEM_CALLS[arch === "arm64" ? "arm64" : "x64"];
  const inMalloc = ofMalloc.map((call) => `${number} == ${call}`);
  const ofHook = codeOf(pid, HOOK);
  const elsewhere = restoresInPart(arch) ? `$was_outside && (${inLibraries})` : `!(${inLibraries})`;
  return `(${isIn}) ? !(${[...inMalloc, ...ofHook].join(" || ")}) : (${elsewhere})`;
}

/** True if gdb may not know all registers of the processor. */
function restoresInPart(arch: string): boolean {
  return arch === "x64" && hasAmx();
}

const HOOK = /\/hook\.so$|^\[vdso\]$/;

/** Conditions that the next instruction is in the C library, in ld.so or in the hook. */
function inLibrary(pid: number): string[] {
  return [...codeOf(pid, /\/(?:libc|ld)[-.][^/]*$/), ...codeOf(pid, HOOK)];
}

/** Conditions that the next instruction is in the code of these files; the hook asks the vdso for the time. */
function codeOf(pid: number, name: RegExp): string[] {
  return mapsOf(pid)
    .split("\n")
    .flatMap((line) => {
      const [, from = "", to = "", path = ""] =
        /^([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ \S+ +(.+)$/.exec(line) ?? [];
      return name.test(path)
        ? [`((unsigned long)$pc >= 0x${from} && (unsigned long)$pc < 0x${to})`]
        : [];
    });
}

/** @throws Failure notAttached */
function mapsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, "utf8");
  } catch (error) {
    const reason = `this user may not look at it: ${readErrorReason(error)}; try it as root`;
    throw new Failure({ code: "notAttached", pid, reason });
  }
}

/**
 * Runs gdb's commands in the stopped process, which then goes on. Returns gdb's output.
 * @throws Failure notAttached
 */
function run(commands: string, target: Target): string {
  const script = join(target.folder, "gdb");
  const registers = join(target.folder, "registers.xml");
  const isPart = restoresInPart(target.arch);
  if (isPart) {
    writeFileSync(registers, sseRegisters());
  }
  // A call that gdb is told to leave must not stay on the thread's stack.
  writeFileSync(script, `set unwindonsignal on\n${commands}\n`);
  const { error, stdout, stderr } = spawnSync(
    "gdb",
    [
      ...["-nx", "-batch", "-iex", "set auto-solib-add off", "-iex", "set language c"],
      ...["-iex", "set debuginfod enabled off"],
      ...(isPart ? ["-iex", `set tdesc filename ${registers}`] : []),
      ...["-p", String(target.pid), "-x", script],
    ],
    {
      encoding: "utf8",
      maxBuffer: 2 ** 26,
      env: { ...target.env, LD_PRELOAD: undefined, LC_ALL: "C", HOME: target.folder },
      timeout: TIMEOUT_MS,
      killSignal: "SIGINT",
    },
  );
  if (error !== undefined && "code" in error && error.code === "ENOENT") {
    throw notAttached(target, "gdb is needed to attach to it; install gdb");
  }
  const output = `${stdout}${stderr}`;
  if (/No such process|The program is not being run|has no registers now/.test(output)) {
    throw notAttached(target, "it has ended");
  }
  if (/ptrace: Operation not permitted|Could not attach to process/.test(output)) {
    const tracer = /traced by process (\d+)/.exec(output);
    throw notAttached(
      target,
      tracer === null
        ? "this user may not debug it; try it as root, or allow it: sysctl kernel.yama.ptrace_scope=0"
        : `process ${tracer[1]} debugs it already`,
    );
  }
  return output;
}

/** gdb's last line that says something about the failure. */
function gdbReason(output: string): string {
  const lines = output.split("\n").filter((line) => line !== "" && !/^\[|^warning:/.test(line));
  return `gdb says: ${lines.at(-1) ?? "nothing"}`;
}

/** A string of C. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

/** A pattern for gdb that matches the end of a path. */
function pattern(path: string): string {
  return path.replace(/[^\w/]/g, ".");
}

function notAttached({ pid }: Target, reason: string): Failure {
  return new Failure({ code: "notAttached", pid, reason });
}
