/** What the first bytes of a file show: compressed data, which is decompressed, or a container that is only named. */

export type Compression = "gzip" | DecompressedByCommand;

/** Node has no decoder for these; zstd only from 22.15 on. The command of the same name has: `xz -dc`. */
export type DecompressedByCommand = "zstd" | "xz" | "bzip2" | "lz4";

export type Container = "zip" | "sevenZip" | "tar" | "rar" | "compress" | "lzip";

export type Content =
  | { readonly compression: Compression }
  | { readonly container: Container }
  | { readonly isText: true };

interface Magic<T> {
  readonly bytes: readonly Buffer[];
  readonly means: T;
}

function magic<T>(means: T, ...hex: readonly string[]): Magic<T> {
  return { bytes: hex.map((one) => Buffer.from(one, "hex")), means };
}

/** xz also has the older .lzma; lz4 also has its frame of before 2013; of bzip2, the last is an empty file. */
const COMPRESSIONS: readonly Magic<Compression>[] = [
  magic("gzip", "1f8b"),
  magic("zstd", "28b52ffd"),
  magic("xz", "fd377a585a00", "5d0000"),
  magic("lz4", "04224d18", "02214c18"),
];
const BZIP2_BLOCKS: readonly Buffer[] = ["314159265359", "177245385090"].map((hex) =>
  Buffer.from(hex, "hex"),
);

const CONTAINERS: readonly Magic<Container>[] = [
  magic("zip", "504b0304", "504b0506", "504b0708"),
  magic("sevenZip", "377abcaf271c"),
  magic("rar", "526172211a07"),
  magic("compress", "1f9d"),
  magic("lzip", "4c5a4950"),
];

/** Length of the longest magic number, bzip2's: more bytes than this need not be waited for. */
export const MAGIC_BYTES = 10;

/** Where a tar archive has its magic number. Its files are on disk, so that the first chunk is longer. */
const TAR_AT = 257;

/** What a file holds that begins with these bytes, if possible at least `MAGIC_BYTES`. */
export function contentOf(head: Buffer): Content {
  const compression = meaningOf(head, COMPRESSIONS) ?? otherCompression(head);
  if (compression !== null) {
    return { compression };
  }
  const container = meaningOf(head, CONTAINERS) ?? (isTar(head) ? "tar" : null);
  return container === null ? { isText: true } : { container };
}

function meaningOf<T>(head: Buffer, kinds: readonly Magic<T>[]): T | null {
  const found = kinds.find(({ bytes }) => bytes.some((one) => beginsWith(head, one)));
  return found?.means ?? null;
}

function beginsWith(head: Buffer, bytes: Buffer): boolean {
  return head.subarray(0, bytes.length).equals(bytes);
}

function otherCompression(head: Buffer): Compression | null {
  // A skippable frame may come first: pzstd and seekable zstd write them.
  if (head.length >= 4 && head.readUInt32LE(0) >>> 4 === 0x184d2a5) {
    return "zstd";
  }
  // "BZh", then the size of a block.
  const isBzip2 =
    /^BZh[1-9]$/.test(head.toString("latin1", 0, 4)) &&
    BZIP2_BLOCKS.some((one) => beginsWith(head.subarray(4), one));
  return isBzip2 ? "bzip2" : null;
}

/** POSIX's format, or GNU's. */
export function isTar(head: Buffer): boolean {
  return ["ustar\0", "ustar "].includes(head.toString("latin1", TAR_AT, TAR_AT + 6));
}
