import { spawnSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import type { Chance } from "./chance.ts";

/** The bytes of a log as they may be stored: encoded, compressed, cut short, overwritten or followed by garbage. */
export function stored(chance: Chance, text: Buffer): Buffer {
  let bytes = chance.happens(0.03) ? encoded(chance, text) : text;
  if (chance.happens(0.15)) {
    bytes = compressed(chance, bytes);
  }
  if (chance.happens(0.1)) {
    bytes = bytes.subarray(0, chance.below(bytes.length + 1));
  }
  if (chance.happens(0.1)) {
    bytes = Buffer.from(bytes);
    for (let i = chance.below(8); i >= 0 && bytes.length > 0; i--) {
      bytes[chance.below(bytes.length)] = chance.below(256);
    }
  }
  if (chance.happens(0.05)) {
    const garbage = chance.times(chance.below(64), () => chance.below(256));
    bytes = Buffer.concat([bytes, Buffer.from(garbage)]);
  }
  return bytes;
}

/** What becomes of text in other hands: another encoding, holes of zeros, one endless line. */
function encoded(chance: Chance, text: Buffer): Buffer {
  const latin1 = text.toString("latin1");
  switch (chance.below(8)) {
    case 0:
      return Buffer.from(`\ufeff${latin1}`, "utf16le");
    case 1:
      return Buffer.from(`\ufeff${latin1}`, "utf16le").swap16();
    case 2:
      return Buffer.from(latin1, "utf16le");
    case 3:
      return Buffer.from(`\ufeff${latin1}`);
    case 4: {
      const at = chance.below(text.length + 1);
      const zeros = Buffer.alloc(chance.pick([1, 100, 4096, 70_000]));
      return Buffer.concat([text.subarray(0, at), zeros, text.subarray(at)]);
    }
    case 5:
      return Buffer.from(latin1.replaceAll("\n", "\r"), "latin1");
    case 6: {
      const at = chance.below(text.length + 1);
      const long = Buffer.alloc(
        chance.pick([60_000, 1_048_570, 1_100_000]),
        chance.pick(["x", "7 "]),
      );
      return Buffer.concat([text.subarray(0, at), long, text.subarray(at)]);
    }
    default:
      return Buffer.from(latin1.replaceAll("\n", ""), "latin1");
  }
}

/** First bytes of formats whose data is made up: nothing of it can be decoded, or little. */
const MAGIC = [
  "1f8b08000000000000ff",
  "28b52ffd0458",
  "502a4d1804000000",
  "fd377a585a000004e6d6b446",
  "5d0000800000",
  "425a6839314159265359",
  "04224d186440a7",
  "504b0304",
  "377abcaf271c",
  "1f9d90",
];

/** A command takes some ms to start, so few inputs need one. */
function compressed(chance: Chance, bytes: Buffer): Buffer {
  const kind = chance.fraction();
  const middle = chance.below(bytes.length + 1);
  if (kind < 0.55) {
    return gzipSync(bytes);
  }
  if (kind < 0.95) {
    return Buffer.concat([gzipSync(bytes.subarray(0, middle)), gzipSync(bytes.subarray(middle))]);
  }
  if (kind < 0.98) {
    return Buffer.concat([Buffer.from(chance.pick(MAGIC), "hex"), bytes]);
  }
  return byCommand(chance.pick(["zstd", "xz", "bzip2", "lz4"]), bytes);
}

/** As they are where the command is missing. */
function byCommand(command: string, bytes: Buffer): Buffer {
  const { status, stdout } = spawnSync(command, ["-c", "-q"], {
    input: bytes,
    maxBuffer: 2 ** 26,
    stdio: ["pipe", "pipe", "ignore"],
  });
  return status === 0 ? stdout : bytes;
}
