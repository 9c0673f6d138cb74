/** A size of a pattern. */
export interface PatternPart {
  /** requested bytes */
  readonly bytes: number;
  /** calls of this size for each use */
  readonly times: number;
  /** not every use allocates it */
  readonly isOptional?: true;
}

/** Sizes that a well-known library requests together. */
export interface KnownPattern {
  readonly name: string;
  /** The first one tells the pattern: hardly anything else requests this size. */
  readonly parts: readonly [PatternPart, ...PatternPart[]];
  /** where the sizes come from, and the build in whose recorded calls they were found */
  readonly source: string;
}

const part = (bytes: number, times = 1): PatternPart => ({ bytes, times });
const optional = (bytes: number): PatternPart => ({ bytes, times: 1, isOptional: true });

/** All of 64-bit builds. */
export const KNOWN_PATTERNS: readonly KnownPattern[] = [
  {
    name: "zlib's inflate",
    parts: [part(7160), optional(32768)],
    source: "inflate.h: struct inflate_state, and the window of 2^15 bytes; Debian's zlib 1.2.13",
  },
  {
    name: "zlib's deflate",
    parts: [part(5952), part(65536, 4)],
    source:
      "deflate.c: deflate_state, window, prev, head and pending_buf at the default windowBits and memLevel; Debian's zlib 1.2.13",
  },
  {
    name: "bzip2's compressor",
    parts: [part(55768), part(3_600_136), part(3_600_000), part(262_148)],
    source: "bzlib.c: EState, arr1, arr2 and ftab at block size 9; Debian's libbz2 1.0.8",
  },
  {
    name: "bzip2's decompressor",
    parts: [part(64144), part(3_600_000)],
    source: "bzlib.c and decompress.c: DState and tt at block size 9; Debian's libbz2 1.0.8",
  },
  {
    name: "liblzma's encoder",
    parts: [part(249_552), part(67_108_872), part(17_043_456)],
    source:
      "lzma_encoder.c and lz_encoder.c: state, hash and window at preset 6; Debian's liblzma 5.4.1",
  },
  {
    name: "liblzma's decoder",
    parts: [part(28352), part(8_388_608)],
    source:
      "lzma_decoder.c and lz_decoder.c: state, and the dictionary of preset 6; Debian's liblzma 5.4.1",
  },
  {
    name: "opendir's buffer",
    parts: [part(32816)],
    source: "opendir.c: struct __dirstream of 48 bytes before 32 KiB; glibc 2.36",
  },
  {
    name: "stdio's streams",
    parts: [part(472), optional(4096)],
    source:
      "iofopen.c: struct locked_FILE, and filedoalloc.c: a buffer of st_blksize bytes; glibc 2.36",
  },
  {
    name: "HotSpot's arena chunks",
    parts: [part(32744)],
    source: "arena.hpp: Chunk::size (32 KiB − 40) and the head of 16 bytes; OpenJDK 17.0.15",
  },
];
