import { describe, expect, it } from "vitest";
import { processesOf, splitLog } from "../../support/split-log.ts";

const HEAP = 0x5581_0000_0000;
const OTHER_HEAP = 0x5620_0000_0000;
const ARENA = 0x7f00_0000_0000;
const hex = (address: number): string => `0x${address.toString(16)}`;

/** Lines of `count` allocations of a thread, 32 bytes apart. */
function allocations(tid: number, from: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${tid} malloc(24) = ${hex(from + 32 * n)}`);
}

const joined = (...lines: readonly (string | readonly string[])[]): string =>
  `${lines.flat().join("\n")}\n`;

/** Lines of both in turn. */
const inTurn = (one: readonly string[], other: readonly string[]): string[] =>
  one.flatMap((line, n) => [line, other[n] ?? line]);

const count = (log: string): number => new Set(processesOf(log)).size;

/** The block that pthread_create allocates for a new thread. */
const THREAD_VECTOR = `1 calloc(17, 16) = ${hex(HEAP + 0x100_0000)}`;

describe("a thread with a break of its own", () => {
  it("is another process", () => {
    const log = joined(
      inTurn(allocations(1, HEAP + 0x2a0, 3), allocations(2, OTHER_HEAP + 0x2a0, 3)),
    );
    expect(processesOf(log)).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it("is none if it uses the heap of the first one, too: a large heap, seen late", () => {
    const far = HEAP + 0x10_0000_0000;
    const log = joined(
      allocations(1, HEAP + 0x1230, 3),
      allocations(1, far, 20),
      `1 free(${hex(HEAP + 0x1230)})`,
    );
    expect(count(log)).toBe(1);
  });

  it("is known by the first block of a heap, where addresses are below 4 GiB", () => {
    const low = allocations(1, 0x151a_d2a0, 3);
    expect(count(joined(inTurn(low, allocations(2, 0x251a_d2a0, 3))))).toBe(2);
    expect(count(joined(inTurn(low, allocations(2, 0x251a_dab0, 3))))).toBe(1);
  });
});

describe("a thread whose break changes", () => {
  const before = allocations(1, HEAP + 0x2a0, 3);
  const after = allocations(1, OTHER_HEAP + 0x2a0, 3);

  it("has executed a program", () => {
    const lines = splitLog(joined(before, after));
    expect(lines.map(({ process }) => process.index)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(lines.at(-1)?.process).toMatchObject({ origin: "program", pid: 1 });
  });

  it("has not, if another thread of the process goes on", () => {
    const other = allocations(2, ARENA + 0x8c0, 1);
    expect(
      count(joined(before, THREAD_VECTOR, other, after, allocations(2, ARENA + 0xa00, 1))),
    ).toBe(1);
  });

  it("has not, if it frees a block of the process later", () => {
    expect(count(joined(before, after, `1 free(${hex(HEAP + 0x2a0)})`))).toBe(1);
  });
});

describe("a thread that allocates in the heap of a process", () => {
  const parent = allocations(1, HEAP + 0x2a0, 40);

  it("is a fork if both get the same addresses", () => {
    const same = [allocations(1, HEAP + 0x5000, 10), allocations(2, HEAP + 0x5000, 10)] as const;
    const lines = splitLog(joined(parent, inTurn(...same)));
    expect(lines.at(-1)?.process).toMatchObject({ index: 1, origin: "fork", pid: 2 });
  });

  it("is a fork if both free the same blocks", () => {
    const frees = (tid: number) => parent.map((line) => `${tid} free(${line.split("= ")[1]})`);
    const log = joined(parent, allocations(2, HEAP + 0x6000, 1), inTurn(frees(2), frees(1)));
    expect(count(log)).toBe(2);
  });

  it("is one of its own if it frees what others have allocated since", () => {
    const later = allocations(1, HEAP + 0x5000, 10);
    const frees = later.map((line) => `2 free(${line.split("= ")[1]})`);
    expect(count(joined(parent, allocations(2, HEAP + 0x6000, 1), later, frees))).toBe(1);
  });

  it("is one of its own if it gets what others have freed since", () => {
    const frees = parent.map((line) => `1 free(${line.split("= ")[1]})`);
    const log = joined(
      parent,
      allocations(2, HEAP + 0x6000, 1),
      frees,
      allocations(2, HEAP + 0x2a0, 10),
    );
    expect(count(log)).toBe(1);
  });

  it("is a fork if nothing shows otherwise, as a process announces its first thread", () => {
    const child = allocations(2, HEAP + 0x5000, 3);
    const zeroed = `1 calloc(1, 24) = ${hex(HEAP + 0x4000)}`;
    expect(count(joined(parent, zeroed, child))).toBe(2);
    expect(count(joined(parent, zeroed, THREAD_VECTOR, child))).toBe(1);
  });

  it("is one of its own if the hook may not log what announces it", () => {
    const pool = [2, 3, 4].flatMap((tid) => allocations(tid, HEAP + 0x1000 * tid, 20));
    expect(count(joined(parent, pool))).toBe(1);
  });

  it("is one of its own if the log may lack what announces it", () => {
    const zeroed = `1 calloc(1, 24) = ${hex(HEAP + 0x4000)}`;
    const child = allocations(2, HEAP + 0x5000, 3);
    expect(count(joined("# calls program", parent, zeroed, child))).toBe(1);
  });

  it("is one of its own in a log that begins late: its start may be older", () => {
    const late = allocations(1, HEAP + 0x1230, 40);
    expect(count(joined(late, allocations(2, HEAP + 0x5000, 3)))).toBe(1);
  });

  it("is a fork if it executes a program right after", () => {
    const late = allocations(1, HEAP + 0x1230, 40);
    const child = [...allocations(2, HEAP + 0x5000, 2), ...allocations(2, OTHER_HEAP + 0x2a0, 3)];
    expect(new Set(processesOf(joined(late, child))).size).toBe(3);
  });

  it("is not judged by lines that a hook has kept back", () => {
    const timed = (lines: readonly string[], from: number) =>
      lines.map((line, n) => line.replace(" ", ` ${(from + n / 1e4).toFixed(6)} `));
    const log = joined(
      timed(parent, 0),
      timed([THREAD_VECTOR], 0.5),
      timed(allocations(1, HEAP + 0x5000, 20), 1),
      timed(allocations(2, HEAP + 0x5000, 20), 0.9),
    );
    expect(count(log)).toBe(1);
  });
});

describe("a thread in an arena of its own", () => {
  it("is one of the process", () => {
    const log = joined(allocations(1, HEAP + 0x2a0, 3), allocations(2, ARENA + 0xb70, 3));
    expect(count(log)).toBe(1);
  });

  it("is one of the process that has made room for it", () => {
    const script = allocations(1, HEAP + 0x2a0, 3);
    const service = allocations(7, OTHER_HEAP + 0x2a0, 3);
    const vector = `7 calloc(17, 16) = ${hex(OTHER_HEAP + 0x1000)}`;
    const log = joined(
      script,
      service,
      vector,
      `1 free(${hex(HEAP + 0x2a0)})`,
      allocations(8, ARENA + 0xb70, 3),
    );
    expect(processesOf(log).slice(-3)).toEqual([1, 1, 1]);
  });
});

describe("a comment", () => {
  const lines = allocations(1, HEAP + 0x2a0, 2);

  it("names the first process", () => {
    const named = splitLog(joined("# pid 77", lines));
    expect(named.map(({ process }) => process.pid)).toEqual([77, 77]);
  });

  it("states where a process begins, also under a known pid", () => {
    expect(processesOf(joined("# pid 1", lines, "# pid 1", lines))).toEqual([0, 0, 1, 1]);
  });

  it("states the process of a thread", () => {
    const log = joined("# owner 1 1", lines, "# owner 2 9", allocations(2, HEAP + 0x5000, 2));
    expect(splitLog(log).map(({ process }) => process.pid)).toEqual([1, 1, 9, 9]);
  });
});
