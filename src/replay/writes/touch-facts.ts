/**
 * Blocks of which it is known how much a library writes of them (touch.md §2, §4). Each is a property of the library, and is
 * recognised by what the library requests, not by the size of the block alone where other programs use that size as well.
 */
export interface TouchFact {
  readonly what: string;
  /** the call that requests the block */
  readonly call: "malloc" | "calloc";
  /** requests in bytes, or every power of two from a size on */
  readonly requests: readonly number[] | { readonly powersOfTwoFrom: number };
  /** requests to malloc by which the caller is recognised: it must have made them all before; none: any caller */
  readonly callerAskedFor: readonly number[];
  /** bytes of code between that caller and this one: more than 0 where two functions of a library request the blocks */
  readonly callersApart: number;
  /** the thread's requests right before this one, the oldest first: one of these lists; none: any */
  readonly after: readonly (readonly number[])[];
  /** bytes written from the block's start, not counting the allocator's own words */
  readonly writtenBytes: number;
  /** false: the library fills the block as far as its data go, so that between nothing and all of it is written */
  readonly isExact: boolean;
  readonly source: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** HotSpot's os::malloc is recognised by the three sizes of chunks of its Arena (share/memory/arena.hpp). */
const ARENA_CHUNK = 32744;
const HOTSPOT: readonly number[] = [232, 1000, ARENA_CHUNK];

/** What deflateInit2 of zlib 1.2.13 requests, and of 1.3: its state, then window, prev, head and pending_buf. */
const DEFLATE = 5952;
const DEFLATE_1_3 = 5968;
const DEFLATE_BLOCK = 64 * KIB;

/** The state of inflate, whose window follows when it is first needed. */
const INFLATE_STATE = 7160;

export const TOUCH_FACTS: readonly TouchFact[] = [
  {
    what: "libstdc++'s emergency pool, for exceptions thrown when memory is short; allocated at start",
    call: "malloc",
    requests: [72704],
    callerAskedFor: [],
    callersApart: 0,
    after: [],
    writtenBytes: 0,
    isExact: true,
    source: "libstdc++-v3/libsupc++/eh_alloc.cc of gcc 5 to 12; 0 of 200 pages written, 6 programs",
  },
  {
    what: "the same pool of later versions; a size that git uses, too, for its slabs of commits",
    call: "malloc",
    requests: [73728],
    callerAskedFor: [],
    callersApart: 0,
    after: [],
    writtenBytes: 0,
    isExact: false,
    source: "libstdc++-v3/libsupc++/eh_alloc.cc of gcc 13 and later; alloc.c of git",
  },
  {
    what: "opendir's buffer, 32 KiB behind a header of 48 bytes; most directories are small",
    call: "malloc",
    requests: [32 * KIB + 48],
    callerAskedFor: [],
    callersApart: 0,
    after: [],
    writtenBytes: 2 * KIB,
    isExact: false,
    source: "sysdeps/unix/sysv/linux/opendir.c of glibc; 2 % of 734 pages written, 7 programs",
  },
  {
    what: "the chunks of HotSpot's Arena, each of which is filled before the next one is requested",
    call: "malloc",
    requests: [ARENA_CHUNK],
    callerAskedFor: HOTSPOT,
    callersApart: 0,
    after: [],
    writtenBytes: ARENA_CHUNK,
    isExact: true,
    source:
      "share/memory/arena.cpp of OpenJDK 17, Arena::grow; 98 % of 2,990 pages written, 6 JVM runs",
  },
  {
    what: "HotSpot's task queues, of which a collection fills the first page",
    call: "malloc",
    requests: { powersOfTwoFrom: MIB },
    callerAskedFor: HOTSPOT,
    callersApart: 0,
    after: [],
    writtenBytes: 1,
    isExact: true,
    source:
      "share/gc/shared/taskqueue.hpp of OpenJDK 17; 1 page of 256, 5 JVM runs and none of 36 others",
  },
  {
    what: "the queues of arrays of HotSpot's parallel collector, 8192 tasks of 16 bytes",
    call: "malloc",
    requests: [128 * KIB],
    callerAskedFor: HOTSPOT,
    callersApart: 0,
    after: [],
    writtenBytes: 1,
    isExact: true,
    source: "share/gc/parallel/psCompactionManager.hpp of OpenJDK 17, OBJARRAY_QUEUE_SIZE",
  },
  {
    what: "a node in the middle of the tree in which CPython keeps where its arenas are; one entry in use",
    call: "calloc",
    requests: [256 * KIB],
    callerAskedFor: [],
    callersApart: 0,
    after: [[768]],
    writtenBytes: 4 * KIB,
    isExact: true,
    source:
      "Objects/obmalloc.c of CPython 3.10 and later, arena_map_mid_t; 16 arenas of 48 bytes precede it",
  },
  {
    what: "a leaf of that tree; a page has the entries of 512 arenas",
    call: "calloc",
    requests: [128 * KIB],
    callerAskedFor: [],
    callersApart: 0,
    after: [[768, 256 * KIB]],
    writtenBytes: 4 * KIB,
    isExact: true,
    source: "Objects/obmalloc.c of CPython 3.10 and later, arena_map_bot_t",
  },
  {
    what: "the window of zlib's inflate: filled as far as its output goes",
    call: "malloc",
    requests: [32 * KIB],
    callerAskedFor: [INFLATE_STATE],
    callersApart: 4 * KIB,
    after: [],
    writtenBytes: 16 * KIB,
    isExact: false,
    source: "inflate.c of zlib 1.2.12 and later, updatewindow",
  },
  {
    what: "window, prev and pending_buf of zlib's deflate: filled as far as its input and output go; head, the third, is cleared",
    call: "malloc",
    requests: [DEFLATE_BLOCK],
    callerAskedFor: [],
    callersApart: 0,
    after: [
      [DEFLATE],
      [DEFLATE, DEFLATE_BLOCK],
      [DEFLATE, DEFLATE_BLOCK, DEFLATE_BLOCK, DEFLATE_BLOCK],
      [DEFLATE_1_3],
      [DEFLATE_1_3, DEFLATE_BLOCK],
      [DEFLATE_1_3, DEFLATE_BLOCK, DEFLATE_BLOCK, DEFLATE_BLOCK],
    ],
    writtenBytes: DEFLATE_BLOCK / 2,
    isExact: false,
    source: "deflate.c of zlib 1.2.13 and 1.3, deflateInit2_",
  },
  {
    what: "the blocks of GCC's allocation pools, each filled as far as its pass needs it",
    call: "malloc",
    requests: [64 * KIB],
    callerAskedFor: [4064, 8696],
    callersApart: 0,
    after: [],
    writtenBytes: 32 * KIB,
    isExact: false,
    source:
      "gcc/memory-block.h of GCC 12; xmalloc is recognised by an obstack's chunk and libcpp's reader",
  },
];
