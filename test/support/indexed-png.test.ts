import { crc32, deflateSync, inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { indexed } from "./indexed-png.ts";

/** A PNG of RGB pixels; the first number of each row is its filter. */
function png(width: number, rows: readonly (readonly number[])[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([8, 2], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const data = deflateSync(Buffer.from(rows.flat()));
  const chunks = [chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(data.length + 12);
  whole.writeUInt32BE(data.length, 0);
  whole.write(type, 4, "latin1");
  whole.set(data, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), whole.length - 4);
  return whole;
}

/** The colours of an indexed PNG in hexadecimal RGB, by row. Checks the checksums. */
function coloursOf(image: Buffer): string[][] {
  const parts = new Map<string, Buffer>();
  for (let at = 8; at < image.length; ) {
    const length = image.readUInt32BE(at);
    const named = image.subarray(at + 4, at + 8 + length);
    expect(image.readUInt32BE(at + 8 + length)).toBe(crc32(named));
    parts.set(named.toString("latin1", 0, 4), named.subarray(4));
    at += length + 12;
  }
  const width = parts.get("IHDR")!.readUInt32BE(0);
  const palette = parts.get("PLTE")!;
  const rows = inflateSync(parts.get("IDAT")!);
  const colours: string[][] = [];
  for (let at = 0; at < rows.length; at += width + 1) {
    expect(rows[at]).toBe(0);
    const indices = [...rows.subarray(at + 1, at + 1 + width)];
    colours.push(indices.map((i) => palette.toString("hex", i * 3, i * 3 + 3)));
  }
  return colours;
}

test("undoes every filter and keeps up to 256 colours", () => {
  const image = png(2, [
    [0, 10, 20, 30, 40, 50, 60],
    [1, 1, 2, 3, 1, 1, 1],
    [2, 1, 1, 1, 255, 255, 255],
    [3, 10, 10, 10, 10, 10, 10],
    [4, 1, 1, 1, 2, 2, 2],
  ]);
  expect(coloursOf(indexed(image))).toEqual([
    ["0a141e", "28323c"],
    ["010203", "020304"],
    ["020304", "010203"],
    ["0b0b0c", "101011"],
    ["0c0c0d", "121213"],
  ]);
});

test("replaces a rare colour by the nearest frequent one", () => {
  const common = Array.from({ length: 256 }, (_, i) => [i, 0, 0]);
  const image = png(513, [[0, ...common.flat(), ...common.flat(), 200, 1, 0]]);
  const [row = []] = coloursOf(indexed(image));
  expect(row.slice(0, 256)).toEqual(
    common.map(([red]) => Buffer.from([red!, 0, 0]).toString("hex")),
  );
  expect(row[512]).toBe("c80000");
});
