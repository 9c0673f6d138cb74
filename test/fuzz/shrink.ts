import type { Input } from "./input.ts";

/** A slow input is tried a few times only. */
const SHRINK_MS = 60_000;

/** Leaves out lines, then options, as long as the input has a problem. Returns the smallest input found in a minute. */
export async function shrunk(
  input: Input,
  stillFails: (input: Input) => Promise<boolean>,
): Promise<Input> {
  const until = performance.now() + SHRINK_MS;
  const hasProblem = async (one: Input) => performance.now() < until && (await stillFails(one));
  let { argv, bytes } = input;
  const isCompressed = bytes[0] === 0x1f;
  let lines = bytes.toString("latin1").split("\n");
  for (let size = lines.length >> 1; size >= 1 && !isCompressed; size >>= 1) {
    for (let from = 0; from < lines.length; ) {
      const fewer = lines.toSpliced(from, size);
      if (await hasProblem({ ...input, bytes: Buffer.from(fewer.join("\n"), "latin1") })) {
        lines = fewer;
        bytes = Buffer.from(lines.join("\n"), "latin1");
      } else {
        from += size;
      }
    }
  }
  for (let at = argv.length - 1; at >= 0; at--) {
    for (const count of [1, 2]) {
      const fewer = argv.toSpliced(at, count);
      if (await hasProblem({ ...input, argv: fewer, bytes })) {
        argv = fewer;
        break;
      }
    }
  }
  return { ...input, argv, bytes };
}
