/**
 * Blocks of which well-known libraries write less than they request (touch.md §2, §4). Each is a property of the library,
 * checked in several programs that use it; none was fitted to one program.
 */
export interface TouchFact {
  readonly what: string;
  /** requests to malloc in bytes, or every power of two from a size on */
  readonly requests: readonly number[] | { readonly powersOfTwoFrom: number };
  /** requests by which the caller is recognised: it must have made them all before; none: any caller */
  readonly callerAskedFor: readonly number[];
  /** bytes written from the block's start, not counting the allocator's own words */
  readonly writtenBytes: number;
  readonly source: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const TOUCH_FACTS: readonly TouchFact[] = [
  {
    what: "libstdc++'s emergency pool, for exceptions thrown when memory is short; allocated at start",
    requests: [72704, 73728],
    callerAskedFor: [],
    writtenBytes: 0,
    source:
      "libstdc++-v3/libsupc++/eh_alloc.cc of gcc 5 and later; 0 of 200 pages written, 6 programs",
  },
  {
    what: "opendir's buffer, 32 KiB behind a header of 48 bytes; directories are small",
    requests: [32 * KIB + 48],
    callerAskedFor: [],
    writtenBytes: 2 * KIB,
    source: "sysdeps/unix/sysv/linux/opendir.c of glibc; 2 % of 734 pages written, 7 programs",
  },
  {
    what: "HotSpot's task queues, of which a collection fills the first page; os::malloc is recognised by the chunks of its Arena",
    requests: { powersOfTwoFrom: MIB },
    callerAskedFor: [232, 1000, 32744],
    writtenBytes: 1,
    source:
      "share/gc/shared/taskqueue.hpp, share/memory/arena.hpp of OpenJDK 17; 1 page of 256, 5 JVM runs and none of 36 others",
  },
];

/**
 * Pools and buffers of exactly these sizes are half full on average. This is a mean over programs rather than a fact, and
 * the only such rule that made no program's prediction worse (touch.md §3, §4 rule 3).
 */
export const POOLS = { requests: [16 * KIB, 32 * KIB, 64 * KIB], writtenPart: 0.5 } as const;
