import { checkThreads, type Sequence, STEP_CODES } from "./glibc-program.ts";
import type { ArenaHeap, Mallinfo, RealEvents, RealRun, Region } from "./glibc-run.ts";

/** The binary layouts of glibc-driver.c: programs in, runs out. */

export interface InputOptions {
  /** whether the program writes every byte it requested, right after the call, or none at all; default "none" */
  readonly touch?: "all" | "none";
  /** the program break at the start: moved up to a page (default), or as found, which is odd in some processes (T21) */
  readonly startBreak?: "aligned" | "found";
  /** run the first sequence in the newly exec'ed process itself, without fork; to check the driver */
  readonly direct?: boolean;
}

const BATCH_BYTES = 16;
const SEQUENCE_BYTES = 16;
const STEP_BYTES = 24;
const TOUCH_ALL = 1;
const DIRECT = 2;
const FOUND_BREAK = 4;
const NPTL_STACKS = 1;

export function encode(sequences: readonly Sequence[], options: InputOptions): Uint8Array {
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

/** Writes a double as two's complement; exact for every integer below 2^64 that a double holds. */
function setInt64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true); // ToUint32 takes it modulo 2^32
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

const WIDE_COLUMNS = 6;
const REGION_FIELDS = 8;
const MALLINFO_FIELDS = 10;
const REGION_HEAP = 1;
const REGION_MAPPED = 2;
const OUTPUT_MAGIC = 0x474c4942;
const HEADER_DOUBLES = 8;
const RECORD_DOUBLES = 8 + MALLINFO_FIELDS;

/** Reads a buffer from start to end; everything in it starts at a multiple of 8. */
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

/** @throws Error output of another version of the driver */
export function decode(buffer: ArrayBuffer, expected: number): RealRun[] {
  const reader = new Reader(buffer);
  const header = reader.doubles(HEADER_DOUBLES);
  const [magic, , onlineCpus, zeroFrameKnown] = header;
  if (magic !== OUTPUT_MAGIC) {
    throw new Error("glibc driver's output is not what glibc-driver.ts reads");
  }
  const version = new Uint8Array(buffer, header.byteOffset + 32, 32);
  const glibc = Buffer.from(version).toString("latin1").replace(/\0.*$/s, "");
  const runs = new Array<RealRun>(expected);
  // Sequences run in parallel; their records are in the order in which they ended.
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
export function failure(code: number | null): string {
  switch (code) {
    case 100:
      return "more calls than fit into the driver's buffers";
    case 101:
      return "more memory regions or pages than fit into the driver's buffers";
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
