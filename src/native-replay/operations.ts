import type { Action } from "../trace/actions.ts";

/**
 * The layout of a file of operations, little endian, as src/native/replayer/operations.c reads it: a head, then records of
 * 16 bytes.
 *
 *     head     "mallogo1", u64 events, u32 block ids, u32 threads, u32 1 if the log's first thread exits, u32 0
 *     record   u8 kind, u8 flags, u16 0, u32 number of a block, thread or schedule, u64 size in bytes (two's complement)
 */

/** Kinds of records: those of Action, and what happens besides calls. */
export const Operation = {
  none: 0,
  malloc: 1,
  calloc: 2,
  realloc: 3,
  memalign: 4,
  valloc: 5,
  pvalloc: 6,
  free: 7,
  mallocTrim: 8,
  mallopt: 9,
  freeAfterExit: 10,
  /** the calls that follow are of this thread */
  thread: 11,
  exit: 12,
  /** its size is the alignment, the parameter or the first byte of the record that follows */
  argument: 13,
  /** the program writes the block from `argument` up to this size */
  write: 14,
  /** these bytes turn out to be unwritten */
  absent: 15,
  sbrk: 16,
  /** malloc_trim(0) in scenarios with the schedule of this number, which counts from 1 */
  scheduledTrim: 17,
} as const satisfies typeof Action & Readonly<Record<string, number>>;

export type Operation = (typeof Operation)[keyof typeof Operation];

/** Flags of a record. */
export const Flag = {
  /** the first record of an event of the log */
  beginsEvent: 1,
  /** the program writes the whole block that the call returns */
  writesAll: 2,
} as const;

export const HEAD_BYTES = 32;
export const RECORD_BYTES = 16;
export const MAGIC = "mallogo1";

export interface Head {
  readonly events: number;
  readonly blocks: number;
  readonly threads: number;
  readonly firstThreadExits: boolean;
}
