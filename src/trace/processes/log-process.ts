import { CUT_MODULUS, isAmongMappings } from "../signs/address-space.ts";
import { AddressRange } from "./address-range.ts";

/** How a process came into the log. */
export type ProcessOrigin =
  /** the log begins with it */
  | "first"
  /** it began with a heap of its own: a program was executed, or another run follows */
  | "program"
  /** it continued with a copy of another process's heap */
  | "fork"
  /** the log's column of pids, or a `# pid` line, states it */
  | "stated"
  /** all processes beyond the first thousand: their calls are not told apart */
  | "others";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A process has seldom mapped that much, and the mappings of two processes seldom lie nearer. */
const FAR_MAPPINGS = 16 * GIB;

/**
 * The kernel places the break of a program at random within 1 TiB, and that of an executable at a fixed address within
 * 1 GiB. Smaller distances may be those of blocks in one heap, of which the log shows a part.
 */
const FAR_BREAK = 4 * GIB;
const FAR_LOW_BREAK = 64 * MIB;

/** Cut pointers do not show what is a mapping: blocks farther apart than this are not of one heap that grows. */
const STEP = 4 * MIB;

/** Offsets in its page of a heap's first block, after the tcache struct or without one (ptmalloc2.md §3.2). */
const FIRST_BLOCKS: ReadonlySet<number> = new Set([0x10, 0x260, 0x2a0, 0x310]);
const PAGE = 4096;

/** One of the processes whose calls are in a log, and where its memory lies. */
export class LogProcess {
  /** in order of first appearance, from 0 on */
  readonly index: number;
  readonly origin: ProcessOrigin;
  /** as stated, else the id of its first thread */
  readonly pid: number;
  /** the area of the program break */
  readonly heap = new AddressRange();
  /** mapped blocks, and the heaps of arenas other than the main arena; with cut pointers, all that is far from the break */
  readonly mappings = new AddressRange();
  threads = 0;
  /** new threads that were found to be its own although they allocate in its heap, and those that were shown to be forks */
  ownThreads = 0;
  forks = 0;
  /** it was shown to be a fork, and not only taken for one */
  isShownFork = false;
  /** number of the event with which its latest run of lines began; −1: none */
  lastEvent = -1;
  /** the first block of its heap was seen: none lies below */
  showsHeapStart = false;
  /** address of the first block seen in its heap */
  #start = 0;

  constructor(index: number, pid: number, origin: ProcessOrigin) {
    this.index = index;
    this.pid = pid;
    this.origin = origin;
  }

  /** True where it has memory, as far as the log has shown. */
  uses(pointer: number): boolean {
    return this.heap.includes(pointer) || this.mappings.includes(pointer);
  }

  /** A block of `size` bytes at `pointer` is its own. */
  learn(pointer: number, size: number): void {
    const { heap, mappings } = this;
    const isApart = !heap.isEmpty && heap.distanceTo(pointer) >= STEP;
    const isMapping = isAmongMappings(pointer) || (isApart && pointer < CUT_MODULUS);
    if (!isMapping && heap.isEmpty) {
      this.showsHeapStart = isFirstBlock(pointer);
      this.#start = pointer;
    }
    // More than the block: otherwise each step of a heap that grows would be one of the range.
    (isMapping ? mappings : heap).extend(pointer, pointer + size + MIB);
  }

  /** True where another program has its memory rather than this one. */
  isElsewhere(pointer: number): boolean {
    if (isAmongMappings(pointer)) {
      return !this.mappings.isEmpty && this.mappings.distanceTo(pointer) >= FAR_MAPPINGS;
    }
    return this.hasOtherBreak(pointer);
  }

  /** True if the pointer is one of another program's heap. */
  hasOtherBreak(pointer: number): boolean {
    const { heap } = this;
    if (heap.isEmpty || isAmongMappings(pointer)) {
      return false;
    }
    const distance = heap.distanceTo(pointer);
    if (pointer >= CUT_MODULUS) {
      return distance >= FAR_BREAK || (this.#isBelow(pointer) && isFirstBlock(pointer));
    }
    // Cut pointers may be those of an arena: one glibc begins all its heaps alike.
    const isFirst = this.showsHeapStart
      ? pointer % PAGE === this.#start % PAGE
      : isFirstBlock(pointer);
    return isFirst && (distance >= FAR_LOW_BREAK || this.#isBelow(pointer));
  }

  #isBelow(pointer: number): boolean {
    return this.showsHeapStart && pointer < this.heap.from;
  }

  /** Returns a fork of this process: a copy of its memory. */
  fork(index: number, pid: number): LogProcess {
    const child = new LogProcess(index, pid, "fork");
    child.heap.extend(this.heap.from, this.heap.to);
    child.mappings.extend(this.mappings.from, this.mappings.to);
    child.showsHeapStart = this.showsHeapStart;
    child.#start = this.#start;
    return child;
  }
}

export function isFirstBlock(pointer: number): boolean {
  return FIRST_BLOCKS.has(pointer % PAGE);
}
