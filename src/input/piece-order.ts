import { Readable } from "node:stream";
import { EventBatch } from "../trace/event.ts";
import type { EventSink } from "../trace/sink.ts";
import { MAX_LINE_BYTES } from "./blocks-of-lines.ts";
import { decompressed } from "./decompress.ts";
import { Diagnostics } from "./diagnostics.ts";
import type { GivenShape } from "./formats/columns/given-columns.ts";
import { LayoutScanner } from "./formats/columns/layout-scanner.ts";
import { InputError } from "./input-error.ts";
import { findPieces, readPiece } from "./source.ts";

/** µs. Pieces that begin closer to each other may be of different runs, each of which counts its time from 0. */
const DISTINCT = 1e6;

/** µs. A larger step back is midnight. */
const HALF_A_DAY = 12 * 3600e6;

/**
 * Returns the pieces of a log in the order of their first times. A shell's glob gives rotated pieces in the order of their
 * names: `malloc.log malloc.log.1 malloc.log.2.gz`, newest first. The given order stays where it may be right, also past
 * midnight, and where a piece is a pipe or begins without a time. Errors of reading are left to the reader itself.
 */
export async function inOrderOfTime(
  names: readonly string[],
  given: GivenShape | null = null,
): Promise<readonly string[]> {
  if (names.length < 2) {
    return names;
  }
  const found: { name: string; time: number }[] = [];
  for (const name of names) {
    found.push({ name, time: await firstTimeOf(name, given) });
  }
  const times = found.map(({ time }) => time);
  if (times.some(Number.isNaN) || mayBeInOrder(times)) {
    return names;
  }
  return found.sort((one, other) => one.time - other.time).map(({ name }) => name);
}

/** True if the times ascend, but for one midnight, or are about the same. */
function mayBeInOrder(times: readonly number[]): boolean {
  const steps = times.slice(1).map((time, n) => time - times[n]!);
  const back = steps.filter((step) => step < 0);
  const isMidnight = back.length === 1 && back.every((step) => step < -HALF_A_DAY);
  const spread = Math.max(...times) - Math.min(...times);
  return back.length === 0 || isMidnight || spread < DISTINCT;
}

/** The first time in the first chunk of a file, in µs; NaN if there is none, or if it cannot be read twice. */
async function firstTimeOf(name: string, given: GivenShape | null): Promise<number> {
  try {
    const [piece] = await findPieces([name]);
    if (piece === undefined || piece.sizeBytes === null) {
      return Number.NaN;
    }
    const bytes = readPiece(piece, Readable.from([]), () => {});
    for await (const chunk of decompressed(bytes, name, new Diagnostics())) {
      return firstTimeIn(chunk, given);
    }
  } catch (error) {
    if (!(error instanceof InputError)) {
      throw error;
    }
  }
  return Number.NaN;
}

function firstTimeIn(chunk: Buffer, given: GivenShape | null): number {
  const sink = new FirstBatch();
  const length = chunk.lastIndexOf("\n") + 1;
  const scanner = new LayoutScanner(sink, new Diagnostics(), MAX_LINE_BYTES, given);
  scanner.scan(chunk, length);
  scanner.decide();
  const { time, length: events } = sink.first;
  return time.subarray(0, events).find((at) => !Number.isNaN(at)) ?? Number.NaN;
}

/** Keeps the first batch; what follows is scanned into another one. */
class FirstBatch implements EventSink {
  readonly first = new EventBatch();
  batch = this.first;

  advance(): void {
    this.batch = new EventBatch();
  }

  whenReady(): null {
    return null;
  }

  whenEnding(): null {
    return null;
  }

  end(): void {}
}
