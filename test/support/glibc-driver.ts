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
import { Op } from "../../src/trace/event.ts";

/**
 * The real glibc as a function: sequences of malloc calls in, what each call returned and how the heap looks at the
 * end out. Builds and runs glibc-driver.c, whose binary layouts are mirrored here.
 */

/** Op codes of real events: the log's own, and what only a driver that stands inside the process can tell. */
export const RealOp = {
  ...Op,
  /** the program's own sbrk(size); result in `pointerOut` */
  sbrk: 32,
  /** `thread` now exists; created by the thread in `align`, whose calloc of the DTV is the event before */
  threadStart: 33,
} as const;

const STEP_CODES = {
  malloc: Op.malloc,
  calloc: Op.calloc,
  realloc: Op.realloc,
  memalign: Op.memalign,
  valloc: Op.valloc,
  pvalloc: Op.pvalloc,
  free: Op.free,
  mallocTrim: Op.mallocTrim,
  mallopt: Op.mallopt,
  threadExit: Op.threadExit,
  sbrk: RealOp.sbrk,
  threadStart: RealOp.threadStart,
  /** these two arrive as events of memalign */
  posixMemalign: 34,
  alignedAlloc: 35,
} as const;

export const MAIN = 0;
export const MAX_WORKERS = 8;
export const MAX_SLOTS = 65536;

/**
 * One call of a program. Pointers live in numbered slots, all empty at first; free and realloc of an empty slot pass
 * NULL, and an allocation into a full slot leaks the old block. Thread 0 is main; others must have been started.
 */
export interface Step {
  readonly op: keyof typeof STEP_CODES;
  /** who calls; creator and joiner for threadStart and threadExit */
  readonly thread: number;
  /** slot of the block; for threadStart and threadExit the thread, 1..MAX_WORKERS, that starts or ends */
  readonly slot: number;
  /** requested bytes (calloc: the product, a multiple of `align`); pad of mallocTrim; value of mallopt; sbrk's increment */
  readonly size: number;
  /** alignment; calloc's element size; mallopt's parameter; 0 otherwise */
  readonly align: number;
}

export interface Sequence {
  readonly steps: readonly Step[];
  /**
   * "own" (default): stacks made by the driver: each thread start is a calloc of the DTV by the creator, each exit
   * a free of it by the joiner. "nptl": stacks made, and kept for the next thread together with their DTV, by glibc.
   */
  readonly stacks?: "own" | "nptl";
}

/** Another glibc than the machine's: its ld.so and the directory of its libraries. */
export interface Loader {
  readonly program: string;
  readonly libraryPath: string;
}

export interface RunOptions {
  /** settings as environment variables (MALLOC_ARENA_MAX, GLIBC_TUNABLES, …); nothing else is in the environment */
  readonly env?: Readonly<Record<string, string>>;
  /** whether the program writes every byte it requested, right after the call, or none at all; default "none" */
  readonly touch?: "all" | "none";
  readonly loader?: Loader;
  /** the program break at the start: moved up to a page (default), or as it is found, odd in some processes (T21) */
  readonly startBreak?: "aligned" | "found";
  /** run the first sequence in the freshly exec'ed process itself, without fork; to check the driver */
  readonly direct?: boolean;
}

/**
 * Every call the process made, libc's own included, in true order. Parallel columns of length `count`.
 *
 * calloc's `align` is its element size; threadStart's and threadExit's is the other thread (creator, joiner). An
 * exit stands where the thread's tcache is flushed and its arena given up. A mallopt or malloc_trim returns its
 * result in `pointerOut`; sbrk the old break.
 */
export interface RealEvents {
  readonly count: number;
  /** one of `RealOp` */
  readonly op: Uint8Array;
  readonly thread: Uint8Array;
  readonly size: Float64Array;
  readonly align: Float64Array;
  readonly pointerIn: Float64Array;
  readonly pointerOut: Float64Array;
  /** program break after the call */
  readonly brk: Float64Array;
  /** size word of the returned chunk, flags included: `& 2` mmapped, `& 4` of a non-main arena; 0 without a chunk */
  readonly chunkWord: Float64Array;
  /** index of the step that made the call */
  readonly step: Uint32Array;
}

export interface Region {
  readonly base: number;
  readonly bytes: number;
  /** indices of the pages with memory of their own, from `base`, ascending; the shared zero page is not counted */
  readonly residentPages: Uint32Array;
}

export interface ArenaHeap extends Region {
  /** address of the malloc_state; its heap is the arena's first */
  readonly arena: number;
  /** base of the arena's previous heap; 0 for the first */
  readonly prev: number;
  readonly size: number;
  readonly mprotectSize: number;
}

/** mallinfo2() at the end; plain mallinfo(), 32-bit, before 2.33. */
export interface Mallinfo {
  readonly arena: number;
  readonly ordblks: number;
  readonly smblks: number;
  readonly hblks: number;
  readonly hblkhd: number;
  readonly usmblks: number;
  readonly fsmblks: number;
  readonly uordblks: number;
  readonly fordblks: number;
  readonly keepcost: number;
}

export interface RealRun {
  /** "finished", or what ended the process (an abort of glibc, say) and in which step; then only the events count */
  readonly outcome: "finished" | { readonly died: string; readonly step: number };
  readonly glibc: string;
  /** as glibc counts them for the arena limit */
  readonly onlineCpus: number;
  readonly events: RealEvents;
  /** program break before the first call, page aligned unless left as found */
  readonly startBreak: number;
  readonly endBreak: number;
  readonly mallinfo: Mallinfo;
  /** from startBreak to endBreak */
  readonly main: Region;
  /** every heap of a non-main arena, by ascending address */
  readonly heaps: readonly ArenaHeap[];
  /** live mmapped chunks' mappings, in no particular order */
  readonly mapped: readonly Region[];
  /** false without the privilege to read page frames: then pages that were only read count as resident */
  readonly residencyExact: boolean;
}

export type Place =
  | { readonly kind: "null" }
  /** offset of the pointer from the start break */
  | { readonly kind: "main"; readonly offset: number }
  /** offset of the pointer from its heap's base */
  | { readonly kind: "heap"; readonly heap: number; readonly offset: number }
  /** offset of the pointer in its page */
  | { readonly kind: "mmapped"; readonly offset: number };

const HEAP_BYTES = 64 * 1024 * 1024;

/** Where the block that event `index` returned lies; "null" for a call that returned none. */
export function placeOf(run: RealRun, index: number): Place {
  const pointer = run.events.pointerOut[index]!;
  const word = run.events.chunkWord[index]!;
  if (word === 0) {
    return { kind: "null" };
  }
  if ((word & 2) !== 0) {
    return { kind: "mmapped", offset: pointer % 4096 };
  }
  if ((word & 4) === 0) {
    return { kind: "main", offset: pointer - run.startBreak };
  }
  const offset = pointer % HEAP_BYTES;
  return { kind: "heap", heap: pointer - offset, offset };
}

/** A sequence as C-like lines, for messages. */
export function formatSequence(sequence: Sequence): string {
  return sequence.steps.map((step, i) => `${i}: ${formatStep(step)}`).join("\n");
}

function formatStep({ op, thread, slot, size, align }: Step): string {
  const who = thread === MAIN ? "" : `thread ${thread}: `;
  switch (op) {
    case "malloc":
    case "valloc":
    case "pvalloc":
      return `${who}s${slot} = ${op}(${size})`;
    case "calloc":
      return `${who}s${slot} = calloc(${size / (align || 1)}, ${align || 1})`;
    case "memalign":
    case "posixMemalign":
    case "alignedAlloc":
      return `${who}s${slot} = ${op}(${align}, ${size})`;
    case "realloc":
      return `${who}s${slot} = realloc(s${slot}, ${size})`;
    case "free":
      return `${who}free(s${slot})`;
    case "mallocTrim":
    case "sbrk":
      return `${who}${op}(${size})`;
    case "mallopt":
      return `${who}mallopt(${align}, ${size})`;
    case "threadStart":
    case "threadExit":
      return `${who}${op} ${slot}`;
  }
}

export type Availability =
  | { readonly available: true; readonly glibc: string }
  | { readonly available: false; readonly reason: string };

let availability: Availability | undefined;

/** Whether real runs are possible on this machine; if not, why, in words a skipped test can show. */
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
  // the compiler is not to know malloc: it would merge or drop calls
  "-fno-builtin",
  // its canary is read through %fs before libc has set that up
  "-fno-stack-protector",
  // libc must see the driver's own malloc
  "-rdynamic",
  "-nostartfiles",
];
/** Before 2.34 threads are in a library of their own; from then on it is an empty one. */
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
    // Test files build at the same time: each its own file, the last rename wins.
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

/** of what the driver said on stderr, in an error message */
const STDERR_SHOWN = 2000;

/**
 * Runs every sequence in a process of its own; results in the order of `sequences`. The event columns are views of
 * one buffer: some 60 bytes an event, for as long as any of the runs is held.
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
      const { loader } = options;
      const [command, args] = loader
        ? [loader.program, ["--library-path", loader.libraryPath, driver]]
        : [driver, []];
      const child = spawnSync(command, args, {
        env: { ...options.env },
        stdio: [input, output, "pipe"],
      });
      if (child.error) {
        throw child.error;
      }
      if (child.status !== 0) {
        const said = child.stderr.toString().slice(0, STDERR_SHOWN);
        throw new Error(
          `glibc driver ended with ${child.signal ?? child.status}: ${said || failure(child.status)}`,
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

/** Into a buffer that starts at 0 of its ArrayBuffer, as the typed arrays laid over it need. */
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

const BATCH_BYTES = 16;
const SEQUENCE_BYTES = 16;
const STEP_BYTES = 24;
const TOUCH_ALL = 1;
const DIRECT = 2;
const FOUND_BREAK = 4;
const NPTL_STACKS = 1;

function encode(sequences: readonly Sequence[], options: RunOptions): Uint8Array {
  const total = sequences.reduce((sum, { steps }) => sum + steps.length, 0);
  const tableBytes = BATCH_BYTES + SEQUENCE_BYTES * sequences.length;
  const bytes = new Uint8Array(tableBytes + STEP_BYTES * total);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, sequences.length, true);
  view.setUint32(
    8,
    (options.touch === "all" ? TOUCH_ALL : 0) |
      (options.direct ? DIRECT : 0) |
      (options.startBreak === "found" ? FOUND_BREAK : 0),
    true,
  );
  let at = tableBytes;
  let first = 0;
  sequences.forEach(({ steps, stacks }, index) => {
    const row = BATCH_BYTES + SEQUENCE_BYTES * index;
    view.setUint32(row, first, true);
    view.setUint32(row + 4, steps.length, true);
    view.setUint32(row + 8, stacks === "nptl" ? NPTL_STACKS : 0, true);
    first += steps.length;
    checkThreads(steps);
    for (const step of steps) {
      view.setUint8(at, STEP_CODES[step.op]);
      view.setUint8(at + 1, step.thread);
      view.setUint32(at + 4, step.slot, true);
      setInt64(view, at + 8, step.size);
      setInt64(view, at + 16, step.align);
      at += STEP_BYTES;
    }
  });
  return bytes;
}

/** Doubles of any size or sign to two's complement; exact for every integer a double holds below 2^64. */
function setInt64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true); // modulo 2^32, as ToUint32 defines
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** A sequence that runs a thread which does not exist would hang the driver. */
function checkThreads(steps: readonly Step[]): void {
  const alive = new Set([MAIN]);
  steps.forEach(({ op, thread, slot }, index) => {
    const fault = (what: string) => new Error(`step ${index} (${op}): ${what}`);
    if (!alive.has(thread)) {
      throw fault(`thread ${thread} is not running`);
    }
    if (slot < 0 || slot >= MAX_SLOTS) {
      throw fault(`slot ${slot} is out of range`);
    }
    if (op === "threadStart") {
      if (slot < 1 || slot > MAX_WORKERS) {
        throw fault(`no thread can have number ${slot}`);
      }
      if (alive.has(slot)) {
        throw fault(`thread ${slot} is already running`);
      }
      alive.add(slot);
    } else if (op === "threadExit") {
      if (slot === MAIN || slot === thread || !alive.has(slot)) {
        throw fault(`thread ${thread} cannot wait for the end of thread ${slot}`);
      }
      alive.delete(slot);
    }
  });
}

const WIDE_COLUMNS = 6;
const REGION_FIELDS = 8;
const MALLINFO_FIELDS = 10;
const REGION_HEAP = 1;
const REGION_MAPPED = 2;
const OUTPUT_MAGIC = 0x474c4942;
const HEADER_DOUBLES = 8;
const RECORD_DOUBLES = 8 + MALLINFO_FIELDS;

/** Reads on through a buffer in which everything starts at a multiple of 8. */
class Reader {
  #at = 0;
  readonly #buffer: ArrayBuffer;
  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
  }
  #take(bytes: number): number {
    const at = this.#at;
    this.#at = at + Math.ceil(bytes / 8) * 8;
    return at;
  }
  doubles(count: number): Float64Array {
    return new Float64Array(this.#buffer, this.#take(count * 8), count);
  }
  words(count: number): Uint32Array {
    return new Uint32Array(this.#buffer, this.#take(count * 4), count);
  }
  bytes(count: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(count), count);
  }
}

function decode(buffer: ArrayBuffer, expected: number): RealRun[] {
  const reader = new Reader(buffer);
  const header = reader.doubles(HEADER_DOUBLES);
  const [magic, , onlineCpus, zeroFrameKnown] = header;
  if (magic !== OUTPUT_MAGIC) {
    throw new Error("glibc driver's output is not what glibc-driver.ts reads");
  }
  const version = new Uint8Array(buffer, header.byteOffset + 32, 32);
  const glibc = Buffer.from(version).toString("latin1").replace(/\0.*$/s, "");
  const runs = new Array<RealRun>(expected);
  // Sequences run side by side and come as they finish.
  for (let i = 0; i < expected; i++) {
    const fields = reader.doubles(RECORD_DOUBLES);
    const run = decodeRun(reader, fields, glibc, onlineCpus!, zeroFrameKnown !== 0);
    runs[fields[0]!] = run;
  }
  return runs;
}

function decodeRun(
  reader: Reader,
  fields: Float64Array,
  glibc: string,
  onlineCpus: number,
  residencyExact: boolean,
): RealRun {
  const [, status, step, count, regionCount, pageCount, startBreak, endBreak] = fields;
  const wide = Array.from({ length: WIDE_COLUMNS }, () => reader.doubles(count!));
  const [size, align, pointerIn, pointerOut, brk, chunkWord] = wide;
  const events: RealEvents = {
    count: count!,
    size: size!,
    align: align!,
    pointerIn: pointerIn!,
    pointerOut: pointerOut!,
    brk: brk!,
    chunkWord: chunkWord!,
    step: reader.words(count!),
    op: reader.bytes(count!),
    thread: reader.bytes(count!),
  };
  const regionFields = reader.doubles(regionCount! * REGION_FIELDS);
  const pages = reader.words(pageCount!);
  let main: Region = { base: startBreak!, bytes: 0, residentPages: pages.subarray(0, 0) };
  const heaps: ArenaHeap[] = [];
  const mapped: Region[] = [];
  for (let r = 0, page = 0; r < regionCount!; r++) {
    const row = regionFields.subarray(r * REGION_FIELDS, (r + 1) * REGION_FIELDS);
    const [kind, base, bytes, arena, prev, heapSize, mprotectSize, resident] = row;
    const residentPages = pages.subarray(page, page + resident!);
    page += resident!;
    const region = { base: base!, bytes: bytes!, residentPages };
    if (kind === REGION_HEAP) {
      heaps.push({
        ...region,
        arena: arena!,
        prev: prev!,
        size: heapSize!,
        mprotectSize: mprotectSize!,
      });
    } else if (kind === REGION_MAPPED) {
      mapped.push(region);
    } else {
      main = region;
    }
  }
  return {
    outcome:
      status === 0
        ? "finished"
        : { died: status! > 0 ? `signal ${status}` : failure(-status!), step: step! },
    glibc,
    onlineCpus,
    events,
    startBreak: startBreak!,
    endBreak: endBreak!,
    mallinfo: decodeMallinfo(fields.subarray(RECORD_DOUBLES - MALLINFO_FIELDS)),
    main,
    heaps,
    mapped,
    residencyExact,
  };
}

function decodeMallinfo(f: Float64Array): Mallinfo {
  return {
    arena: f[0]!,
    ordblks: f[1]!,
    smblks: f[2]!,
    hblks: f[3]!,
    hblkhd: f[4]!,
    usmblks: f[5]!,
    fsmblks: f[6]!,
    uordblks: f[7]!,
    fordblks: f[8]!,
    keepcost: f[9]!,
  };
}

/** The exit codes of glibc-driver.c. */
function failure(code: number | null): string {
  switch (code) {
    case 100:
      return "more calls than the driver has room for";
    case 101:
      return "more memory regions or pages than the driver has room for";
    case 102:
      return "pthread_create failed";
    case 103:
      return "/proc/self/pagemap cannot be read";
    case 104:
      return "something called malloc before the sequence began";
    default:
      return `exit code ${code}`;
  }
}
