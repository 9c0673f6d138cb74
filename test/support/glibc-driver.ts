import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, encode, failure, type InputOptions } from "./glibc-driver-format.ts";
import type { Sequence } from "./glibc-program.ts";
import type { RealRun } from "./glibc-run.ts";

/**
 * The real glibc as a function: sequences of malloc calls in; the result of each call and the heap at the end out. Builds
 * and runs glibc-driver.c.
 */

/** A glibc other than the machine's: its ld.so and the folder of its libraries. */
export interface Loader {
  readonly program: string;
  readonly libraryPath: string;
}

export interface RunOptions extends InputOptions {
  /** settings as environment variables (MALLOC_ARENA_MAX, GLIBC_TUNABLES, …); the environment holds nothing else */
  readonly env?: Readonly<Record<string, string>>;
  /** default: the machine's glibc */
  readonly loader?: Loader;
  /** a file to which strace writes the calls that get memory from the kernel and return it; default: they are not traced */
  readonly traceTo?: string;
}

/** Kinds of system calls that `traceTo` has. */
const TRACED = "brk,mmap,mremap,munmap,madvise,mprotect";

export type Availability =
  | { readonly available: true; readonly glibc: string }
  | { readonly available: false; readonly reason: string };

let availability: Availability | undefined;

/** Whether this machine can run the real glibc; if not, the reason for the title of a skipped test. */
export function realGlibc(): Availability {
  availability ??= probe();
  return availability;
}

function probe(): Availability {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return {
      available: false,
      reason: `needs x86_64 Linux, this is ${process.platform} ${process.arch}`,
    };
  }
  try {
    execFileSync("gcc", ["--version"], { stdio: "ignore" });
  } catch {
    return { available: false, reason: "needs gcc, which is not installed" };
  }
  try {
    const [run] = runReal([{ steps: [] }]);
    return { available: true, glibc: run!.glibc };
  } catch (error) {
    return {
      available: false,
      reason: `the driver does not run here: ${(error as Error).message}`,
    };
  }
}

// ---- building ------------------------------------------------------------------------------------------------

const SOURCE = fileURLToPath(new URL("./glibc-driver.c", import.meta.url));
const FLAGS = [
  "-O1",
  "-g",
  "-Wall",
  "-Wno-deprecated-declarations",
  // as a builtin the compiler would merge or drop calls of malloc
  "-fno-builtin",
  // the canary is read through %fs before libc has set that up
  "-fno-stack-protector",
  // so that libc calls the driver's malloc
  "-rdynamic",
  "-nostartfiles",
];
/** Before 2.34 this library has the threads; since then it is empty. */
const LIBRARIES = ["-Wl,--no-as-needed", "-l:libpthread.so.0"];

const built = new Map<string, string>();

/** The driver's path; compiled if this source has not been compiled with these flags before. */
function buildDriver(defines: readonly string[]): string {
  const variant = defines.join(" ");
  const known = built.get(variant);
  if (known !== undefined) {
    return known;
  }
  const hash = createHash("sha256")
    .update(readFileSync(SOURCE))
    .update([...FLAGS, ...LIBRARIES, ...defines].join(" "))
    .digest("hex")
    .slice(0, 16);
  const folder = join(tmpdir(), `mallog-glibc-driver-${process.getuid?.() ?? 0}`);
  const driver = join(folder, hash);
  if (!existsSync(driver)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Test files may build at the same time: each writes its own file, and the last rename wins.
    const fresh = `${driver}.${process.pid}`;
    execFileSync("gcc", [...FLAGS, ...defines, "-o", fresh, SOURCE, ...LIBRARIES], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    renameSync(fresh, driver);
  }
  built.set(variant, driver);
  return driver;
}

/** mallinfo2 came with 2.33; a driver that names it does not start under an older glibc. */
function definesFor(loader: RunOptions["loader"]): string[] {
  if (loader === undefined) {
    return [];
  }
  return readFileSync(join(loader.libraryPath, "libc.so.6")).includes("mallinfo2\0")
    ? []
    : ["-DOLD_MALLINFO"];
}

// ---- running -------------------------------------------------------------------------------------------------

/** characters of the driver's stderr in an error message */
const STDERR_SHOWN = 2000;

/**
 * Runs every sequence in a new process; results in the order of `sequences`. The event columns are views of one buffer:
 * about 60 bytes an event, kept while any of the runs is.
 *
 * @throws Error the driver cannot be built or fails
 */
export function runReal(sequences: readonly Sequence[], options: RunOptions = {}): RealRun[] {
  const driver = buildDriver(definesFor(options.loader));
  const folder = mkdtempSync(join(tmpdir(), "mallog-real-"));
  try {
    const inputPath = join(folder, "operations");
    const outputPath = join(folder, "records");
    writeFileSync(inputPath, encode(sequences, options));
    const input = openSync(inputPath, "r");
    const output = openSync(outputPath, "w+");
    try {
      const { loader, traceTo } = options;
      const argv = loader
        ? [loader.program, "--library-path", loader.libraryPath, driver]
        : [driver];
      const traced = traceTo === undefined ? argv : straceArgv(traceTo, argv, options.env ?? {});
      const [command = "", ...args] = traced;
      const child = spawnSync(command, args, {
        env: traceTo === undefined ? { ...options.env } : { PATH: process.env.PATH },
        stdio: [input, output, "pipe"],
      });
      if (child.error) {
        throw child.error;
      }
      if (child.status !== 0) {
        const stderr = child.stderr.toString().slice(0, STDERR_SHOWN);
        throw new Error(
          `glibc driver ended with ${child.signal ?? child.status}: ${stderr || failure(child.status)}`,
        );
      }
      return decode(readWhole(output), sequences.length);
    } finally {
      closeSync(input);
      closeSync(output);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The command under strace, with the environment `env` only. */
function straceArgv(
  file: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): string[] {
  const settings = Object.entries(env).flatMap(([name, value]) => ["-E", `${name}=${value}`]);
  return [
    "strace",
    "-f",
    "-qq",
    "-e",
    `trace=${TRACED}`,
    "-o",
    file,
    "-E",
    "PATH",
    ...settings,
    ...argv,
  ];
}

/** The whole file in an ArrayBuffer of its own: typed arrays over it need aligned offsets. */
function readWhole(file: number): ArrayBuffer {
  const bytes = new Uint8Array(fstatSync(file).size);
  for (let at = 0; at < bytes.length; ) {
    const got = readSync(file, bytes, at, bytes.length - at, at);
    if (got === 0) {
      throw new Error("glibc driver's output ends early");
    }
    at += got;
  }
  return bytes.buffer;
}
