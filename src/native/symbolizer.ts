import { spawn } from "node:child_process";
import { closeSync, openSync, readSync, statSync } from "node:fs";

/** A place in a file of code, and what it belongs to. */
export interface NamedPlace {
  /** null: unknown */
  readonly symbol: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** Programs that name places in code, as GNU's addr2line prints them: a line for the function, one for file and line. */
const TOOLS = [
  { name: "llvm-symbolizer", options: ["--output-style=GNU", "-f", "-C", "--no-inlines", "-e"] },
  { name: "addr2line", options: ["-f", "-C", "-e"] },
] as const;

/** Neither program is installed. */
export class NoSymbolizer extends Error {}

/**
 * The names of return addresses in a file, by their offset in it; nothing for a file that is not there. Only certain
 * names: addr2line names the nearest function before an address where the file has no debug information, which may be
 * another one.
 * @throws NoSymbolizer
 */
export async function symbolsOf(
  file: string,
  offsets: readonly number[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Map<number, NamedPlace>> {
  const names = new Map<number, NamedPlace>();
  // Not a device or a pipe: the path is the log's.
  const isFile = file.startsWith("/") && statSync(file, { throwIfNoEntry: false })?.isFile();
  const segments = isFile ? segmentsOf(file) : [];
  // The call is before the return address.
  const asked = offsets.flatMap((offset) => {
    const address = addressOf(offset - 1, segments);
    return address === null ? [] : [{ offset, address }];
  });
  if (asked.length === 0) {
    return names;
  }
  const input = asked.map(({ address }) => `0x${address.toString(16)}\n`).join("");
  for (const { name, options } of TOOLS) {
    const output = await run(name, [...options, file], input, env);
    if (output === null) {
      continue;
    }
    const lines = output.split("\n");
    for (const [i, { offset }] of asked.entries()) {
      const place = parsed(lines[2 * i] ?? "", lines[2 * i + 1] ?? "");
      const isCertain = place.file !== null || name === "llvm-symbolizer";
      if (place.symbol !== null && isCertain) {
        names.set(offset, place);
      }
    }
    return names;
  }
  throw new NoSymbolizer();
}

function parsed(symbol: string, place: string): NamedPlace {
  const [, file = "??", line = "?"] =
    /^(.*):(\d+|\?)(?: \(discriminator \d+\))?$/.exec(place) ?? [];
  const number = /^[1-9]\d*$/.test(line) ? Number(line) : null;
  return {
    symbol: symbol === "??" || symbol === "" ? null : symbol,
    file: file === "??" ? null : file,
    line: file === "??" ? null : number,
  };
}

/** What a program prints; null if it is not installed, or fails. */
function run(
  command: string,
  args: readonly string[],
  input: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...env }, stdio: ["pipe", "pipe", "ignore"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stdin.on("error", () => {});
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code === 0 ? output : null));
    child.stdin.end(input);
  });
}

/** Where the file's bytes are in memory, from its program headers. */
interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

const PT_LOAD = 1;
const EXECUTABLE = 1;

/** The segments of code of a 64-bit little-endian ELF file; none of another file. */
function segmentsOf(file: string): Segment[] {
  const header = bytesAt(file, 0, 64);
  if (header.length < 64 || header.toString("latin1", 0, 6) !== "\x7fELF\x02\x01") {
    return [];
  }
  const start = Number(header.readBigUInt64LE(0x20));
  const [entry, count] = [header.readUInt16LE(0x36), header.readUInt16LE(0x38)];
  const table = bytesAt(file, start, entry * count);
  const segments: Segment[] = [];
  for (let at = 0; entry >= 56 && at + 56 <= table.length; at += entry) {
    if (table.readUInt32LE(at) === PT_LOAD && table.readUInt32LE(at + 4) & EXECUTABLE) {
      segments.push({
        offset: Number(table.readBigUInt64LE(at + 8)),
        address: Number(table.readBigUInt64LE(at + 16)),
        bytes: Number(table.readBigUInt64LE(at + 32)),
      });
    }
  }
  return segments;
}

function bytesAt(file: string, offset: number, length: number): Buffer {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, "r");
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (descriptor !== null) {
      closeSync(descriptor);
    }
  }
}

function addressOf(offset: number, segments: readonly Segment[]): number | null {
  const segment = segments.find((one) => offset >= one.offset && offset < one.offset + one.bytes);
  return segment === undefined ? null : offset - segment.offset + segment.address;
}
