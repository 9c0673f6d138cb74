import { spawnSync } from "node:child_process";
import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { decompressed } from "../../src/input/decompress.ts";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { InputError } from "../../src/input/input-error.ts";

/** Not too compressible, so that there are bytes to cut. */
function logOf(lines: number): Buffer {
  let state = 1;
  let text = "";
  for (let i = 0; i < lines; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += `${i} malloc(${state % 5000}) = 0x${state.toString(16)}\n`;
  }
  return Buffer.from(text);
}

async function decode(piece: Buffer, chunkBytes = piece.length || 1) {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < piece.length; at += chunkBytes) {
      yield piece.subarray(at, at + chunkBytes);
    }
  }
  const diagnostics = new Diagnostics();
  const out: Buffer[] = [];
  for await (const chunk of decompressed(chunks(), "log", diagnostics)) {
    out.push(chunk);
  }
  return { bytes: Buffer.concat(out), truncated: diagnostics.truncatedInputs };
}

async function problemOf(promise: Promise<unknown>) {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof InputError ? error.problem : error;
}

/** The output is a beginning of the log, with its last line ended. */
function expectBeginning(bytes: Buffer, log: Buffer): void {
  const isAddedNewline = !log.subarray(0, bytes.length).equals(bytes);
  const text = isAddedNewline ? bytes.subarray(0, -1) : bytes;
  expect(log.subarray(0, text.length).equals(text)).toBe(true);
  expect(bytes.at(-1)).toBe(0x0a);
}

const { gzipSync } = zlib;
const log = logOf(20_000);

test.each([1, 5, 1000, 1_000_000])("plain bytes in chunks of %i pass unchanged", async (size) => {
  expect(await decode(logOf(50), size)).toEqual({ bytes: logOf(50), truncated: 0 });
});

test("inputs shorter than any magic number pass", async () => {
  for (const text of ["", "1", "\x1f"]) {
    expect(await decode(Buffer.from(text))).toEqual({ bytes: Buffer.from(text), truncated: 0 });
  }
});

describe("gzip", () => {
  const gz = gzipSync(log);

  test.each([1, 7, 4096, 1_000_000])("whole, in chunks of %i bytes", async (size) => {
    const small = gzipSync(logOf(300));
    expect(await decode(small, size)).toEqual({ bytes: logOf(300), truncated: 0 });
    const { bytes, truncated } = await decode(gz, Math.max(size, 4096));
    expect([bytes.equals(log), truncated]).toEqual([true, 0]);
  });

  test("several members, cut into chunks anywhere, and padding after them", async () => {
    const members = Buffer.concat([
      gzipSync("one\n"),
      gzipSync("two\n"),
      gzipSync(""),
      gzipSync("three\n"),
    ]);
    for (let size = 1; size <= members.length; size++) {
      const { bytes, truncated } = await decode(members, size);
      expect([bytes.toString(), truncated]).toEqual(["one\ntwo\nthree\n", 0]);
    }
    const padded = Buffer.concat([members, Buffer.alloc(100_000)]);
    expect((await decode(padded)).bytes.toString()).toBe("one\ntwo\nthree\n");
  });

  test("an empty log is no error", async () => {
    expect(await decode(gzipSync(""))).toEqual({ bytes: Buffer.alloc(0), truncated: 0 });
  });

  test("a short log cut anywhere: all decodable bytes, or an error if there are none", async () => {
    const short = gzipSync(logOf(30));
    let longest = 0;
    for (let length = 2; length < short.length; length++) {
      const piece = short.subarray(0, length);
      const outcome = await decode(piece, 13).catch((error: unknown) => error);
      if (outcome instanceof InputError) {
        expect(outcome.problem).toEqual({ code: "corrupt", path: "log", compression: "gzip" });
        expect(longest).toBe(0);
      } else {
        const { bytes, truncated } = await decode(piece);
        expect(truncated).toBe(1);
        expectBeginning(bytes, logOf(30));
        expect(bytes.length).toBeGreaterThanOrEqual(longest);
        longest = bytes.length;
      }
    }
    // At the last cut only the checksum is missing.
    expect(longest).toBe(logOf(30).length);
  });

  test("a long log cut at many places", async () => {
    for (let part = 1; part < 20; part++) {
      const { bytes, truncated } = await decode(
        gz.subarray(0, Math.floor((gz.length * part) / 20)),
        65536,
      );
      expect(truncated).toBe(1);
      expectBeginning(bytes, log);
      expect(bytes.length / log.length).toBeGreaterThan(part / 20 - 0.1);
    }
  });

  test("damage in the middle: the bytes before it are kept", async () => {
    const damaged = Buffer.from(gz);
    const middle = Math.floor(gz.length / 2);
    damaged.fill(0xff, middle, middle + 1000);
    const { bytes, truncated } = await decode(damaged, 65536);
    expect(truncated).toBe(1);
    // A few wrong bytes may come out before the decoder detects the damage.
    const good = Math.floor(log.length * 0.3);
    expect(bytes.subarray(0, good).equals(log.subarray(0, good))).toBe(true);
  });

  test("a wrong checksum: the whole log is kept", async () => {
    const damaged = Buffer.from(gz);
    damaged.writeUInt32LE(0, gz.length - 8);
    const { bytes, truncated } = await decode(damaged, 65536);
    expect(truncated).toBe(1);
    expect(bytes.equals(log)).toBe(true);
  });

  test.each([100, 4099, 65536])(
    "garbage after whole members, in chunks of %i bytes",
    async (size) => {
      const members = [gzipSync(logOf(6000)), gzipSync(logOf(4000))];
      const tails = [
        "garbage\n",
        "\x1f",
        "\x1f\x8b",
        "\x1f\x8b\x08\0",
        "\0\0garbage",
        "\x1f\x8b\x08\0garbage!",
      ];
      for (const tail of tails) {
        const piece = Buffer.concat([...members, Buffer.from(tail, "latin1")]);
        const { bytes, truncated } = await decode(piece, size);
        expect([bytes.equals(Buffer.concat([logOf(6000), logOf(4000)])), truncated]).toEqual([
          true,
          1,
        ]);
      }
    },
  );

  test("every field that a header may have, in chunks of any size", async () => {
    const plain = gzipSync("one\n");
    const flags = 2 + 4 + 8 + 16;
    const fields = Buffer.from("\x03\0abcname\0comment\0\x12\x34", "latin1");
    const full = Buffer.concat([
      plain.subarray(0, 3),
      Buffer.from([flags]),
      plain.subarray(4, 10),
      fields,
      plain.subarray(10),
    ]);
    for (let chunk = 1; chunk < full.length; chunk++) {
      const { bytes, truncated } = await decode(Buffer.concat([full, full]), chunk);
      expect([bytes.toString(), truncated]).toEqual(["one\none\n", 0]);
    }
    for (let cut = plain.length; cut < plain.length + 25; cut++) {
      const { bytes, truncated } = await decode(Buffer.concat([plain, full]).subarray(0, cut));
      expect([bytes.toString(), truncated]).toEqual(["one\n", cut === plain.length ? 0 : 1]);
    }
  });

  test("garbage after the magic number is an error", async () => {
    const garbage = Buffer.concat([Buffer.from("1f8b", "hex"), Buffer.alloc(1000, 7)]);
    expect(await problemOf(decode(garbage))).toEqual({
      code: "corrupt",
      path: "log",
      compression: "gzip",
    });
  });
});

/** Commands that are run, unless this Node has the decoder itself. */
const COMMANDS = ["zstd", "xz", "bzip2", "lz4"] as const;

function packedBy(command: string, input: Buffer | string): Buffer {
  return spawnSync(command, ["-c", "-q"], { input, maxBuffer: 2 ** 30 }).stdout;
}

function isInstalled(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore", input: "" }).status === 0;
}

describe.each(COMMANDS)("%s", (command) => {
  const skips = !isInstalled(command);
  // bzip2 decodes whole blocks of 900 kB only, lz4 of 4 MiB.
  const long = command === "bzip2" || command === "lz4" ? logOf(200_000) : log;
  const packed = skips ? Buffer.alloc(0) : packedBy(command, long);

  test.skipIf(skips).each([3, 1000, 1_000_000])("whole, in chunks of %i bytes", async (size) => {
    const small = packedBy(command, logOf(100));
    expect(await decode(small, size)).toEqual({ bytes: logOf(100), truncated: 0 });
  });

  test.skipIf(skips)("several members, and an empty one", async () => {
    const members = [packed, packedBy(command, ""), packed];
    const { bytes, truncated } = await decode(Buffer.concat(members), 65536);
    expect([bytes.equals(Buffer.concat([long, long])), truncated]).toEqual([true, 0]);
  });

  test.skipIf(skips)("an empty log is no error", async () => {
    const empty = await decode(packedBy(command, ""));
    expect(empty).toEqual({ bytes: Buffer.alloc(0), truncated: 0 });
  });

  test.skipIf(skips)("cut short: all decodable bytes, or an error if there are none", async () => {
    const cut = packed.subarray(0, Math.floor(packed.length * 0.9));
    const { bytes, truncated } = await decode(cut, 65536);
    expect(truncated).toBe(1);
    expectBeginning(bytes, long);
    expect(await problemOf(decode(packed.subarray(0, 10)))).toEqual({
      code: "corrupt",
      path: "log",
      compression: command,
    });
  });

  test.skipIf(skips)("damage in the middle: the bytes before it are kept", async () => {
    const damaged = Buffer.from(packed);
    const middle = Math.floor(packed.length * 0.7);
    damaged.fill(0xff, middle, middle + 50);
    const { bytes, truncated } = await decode(damaged, 65536);
    expect(truncated).toBe(1);
    const good = Math.floor(long.length * 0.3);
    expect(bytes.subarray(0, good).equals(long.subarray(0, good))).toBe(true);
  });

  test.skipIf(skips)("garbage after whole members: every line is kept", async () => {
    const piece = Buffer.concat([packed, Buffer.from("garbage that is not compressed\n")]);
    const { bytes, truncated } = await decode(piece, 65536);
    expect([bytes.equals(long), truncated]).toEqual([true, 1]);
  });
});

test.skipIf(!isInstalled("zstd"))("a skippable frame may come before zstd data", async () => {
  const skippable = Buffer.from("502a4d18040000000a0b0c0d", "hex");
  const { bytes } = await decode(Buffer.concat([skippable, packedBy("zstd", log)]), 65536);
  expect(bytes.equals(log)).toBe(true);
});

test.skipIf(!isInstalled("xz"))("xz also reads its older format, .lzma", async () => {
  const lzma = spawnSync("xz", ["-c", "--format=lzma"], { input: log }).stdout;
  const { bytes, truncated } = await decode(lzma);
  expect([bytes.equals(log), truncated]).toEqual([true, 0]);
});

test.skipIf(!isInstalled("xz"))("an error of reading is not one of the data", async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield packedBy("xz", log).subarray(0, 1000);
    throw new Error("EIO");
  }
  const reading = async () => {
    for await (const _ of decompressed(failing(), "log", new Diagnostics())) {
    }
  };
  await expect(reading()).rejects.toThrow("EIO");
});

test.each([
  ["28b52ffd00000000", "zstd"],
  ["fd377a585a000004", "xz"],
  ["425a6839314159265359", "bzip2"],
  ["04224d1864404000", "lz4"],
])("data %s without the command %s: the error names it", async (hex, tool) => {
  if (tool === "zstd" && "createZstdDecompress" in zlib) {
    return;
  }
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    const frame = Buffer.from(hex, "hex");
    expect(await problemOf(decode(frame, 2))).toEqual({
      code: "decoderMissing",
      path: "log",
      tool,
    });
  } finally {
    process.env.PATH = path;
  }
});

const TAR = Buffer.concat([Buffer.alloc(257, "malloc.log\0"), Buffer.from("ustar\x0000"), log]);

test.each<[string, Buffer]>([
  ["zip", Buffer.from("PK\x03\x04\x14\0\0\0")],
  ["sevenZip", Buffer.from("377abcaf271c0004", "hex")],
  ["rar", Buffer.from("Rar!\x1a\x07\x01\0")],
  ["compress", Buffer.from("1f9d90", "hex")],
  ["lzip", Buffer.from("LZIP\x01")],
  ["tar", TAR],
  ["tar", gzipSync(TAR)],
])("a container of another kind is named: %s", async (container, bytes) => {
  expect(await problemOf(decode(bytes))).toEqual({ code: "container", path: "log", container });
});

test("text that begins like a magic number passes", async () => {
  for (const text of ["BZh what\n", "PK malloc\n", "7z\n", `${"x".repeat(256)}\nustar\n`]) {
    expect((await decode(Buffer.from(text))).bytes.toString()).toBe(text);
  }
});

test.each([
  ["plain text", Buffer.from("7 0.1 malloc(24) = 0x5581000002a0\n")],
  ["gzip", gzipSync("7 0.1 malloc(24) = 0x5581000002a0\n")],
])(
  "an iteration that ends early ends that of the bytes, which closes the file: %s",
  async (_, data) => {
    let isClosed = false;
    async function* bytes(): AsyncGenerator<Buffer> {
      try {
        yield data;
        yield data;
      } finally {
        isClosed = true;
      }
    }
    for await (const chunk of decompressed(bytes(), "x", new Diagnostics())) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(isClosed).toBe(true);
  },
);
