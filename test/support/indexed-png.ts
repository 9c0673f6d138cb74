import { crc32, deflateSync, inflateSync } from "node:zlib";

/**
 * Reduces a screenshot to a palette of 256 colours. That saves two thirds of its bytes, and each version of a picture
 * stays in the repository's history. A screenshot uses few colours; most others are shades at the edges of letters.
 */

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const MAX_COLOURS = 256;

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** bytes of a pixel: 3 (RGB), or 4 with opacity */
  readonly depth: number;
  /** row by row, without padding or filters */
  readonly bytes: Buffer;
}

/**
 * The same picture in its 256 most frequent colours; every other colour becomes the nearest of these.
 * @throws Error if the PNG is not 8-bit RGB or RGBA without interlacing, as Chromium writes it
 */
export function indexed(png: Buffer): Buffer {
  const { width, height, depth, bytes } = pixelsOf(png);
  const times = new Map<number, number>();
  for (let at = 0; at < bytes.length; at += depth) {
    const colour = bytes.readUIntBE(at, depth);
    times.set(colour, (times.get(colour) ?? 0) + 1);
  }
  const commonest = [...times].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const palette = commonest.slice(0, MAX_COLOURS);
  const index = new Map(commonest.map((colour) => [colour, nearest(colour, palette)]));
  // The first byte of each row is its filter; 0 is none.
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = bytes.readUIntBE((y * width + x) * depth, depth);
      rows[y * (width + 1) + 1 + x] = index.get(colour)!;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  const channels = palette.map((colour) => channelsOf(colour, depth));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(channels.flatMap((colour) => colour.slice(0, 3)))),
    chunk("tRNS", Buffer.from(channels.map((colour) => colour[3] ?? 255))),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** @throws Error as `indexed` does */
function pixelsOf(png: Buffer): Pixels {
  const parts = new Map<string, Buffer[]>();
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    parts.set(type, [...(parts.get(type) ?? []), data]);
    at += length + 12;
  }
  const header = parts.get("IHDR")?.[0];
  const [bits, type, , , interlace] = header?.subarray(8) ?? [];
  if (header === undefined || bits !== 8 || (type !== 2 && type !== 6) || interlace !== 0) {
    throw new Error("not a PNG as Chromium writes it");
  }
  const width = header.readUInt32BE(0);
  const height = header.readUInt32BE(4);
  const depth = type === 6 ? 4 : 3;
  const filtered = inflateSync(Buffer.concat(parts.get("IDAT") ?? []));
  const row = width * depth;
  const bytes = Buffer.alloc(row * height);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (row + 1)]!;
    for (let x = 0; x < row; x++) {
      const at = y * row + x;
      const left = x < depth ? 0 : bytes[at - depth]!;
      const up = y === 0 ? 0 : bytes[at - row]!;
      const upLeft = x < depth || y === 0 ? 0 : bytes[at - row - depth]!;
      bytes[at] = filtered[at + y + 1]! + predicted(filter, left, up, upLeft);
    }
  }
  return { width, height, depth, bytes };
}

/** What the filter subtracts from a byte (PNG specification, section 9.2). */
function predicted(filter: number, left: number, up: number, upLeft: number): number {
  const gradient = left + up - upLeft;

  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4:
      return [left, up, upLeft].reduce((best, guess) =>
        Math.abs(gradient - guess) < Math.abs(gradient - best) ? guess : best,
      );
  }
  throw new Error(`filter ${filter} is not a PNG filter`);
}

function nearest(colour: number, palette: readonly number[]): number {
  const wanted = channelsOf(colour, 4);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  palette.forEach((candidate, i) => {
    const distance = channelsOf(candidate, 4).reduce(
      (sum, one, c) => sum + (one - wanted[c]!) ** 2,
      0,
    );
    if (distance < least) {
      best = i;
      least = distance;
    }
  });
  return best;
}

/** Red, green, blue, and with a depth of 4 opacity. */
function channelsOf(colour: number, depth: number): number[] {
  return Array.from({ length: depth }, (_, i) => Math.floor(colour / 256 ** (depth - 1 - i)) % 256);
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
