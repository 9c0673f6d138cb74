import { describe, expect, test } from "vitest";
import { type GateMoment, MomentGate } from "../../src/shrink/moment-gate.ts";
import { ShrinkingWriter } from "../../src/shrink/shrinking-writer.ts";
import { rewritten } from "../support/rewritten.ts";

const LOG = `# hook mallog 1
# command secret
# pid 4711
# heap 0x558100000000
4711 00:01:40.500000 [0x7f0000001000] malloc(20) = 0x5581000002a0
4712 00:01:41.000000 [0x7f0000001010] calloc(3, 8) = 0x7f6500000880
4712 00:01:42.000000 [lib.so+0x41] memalign(64, 100) = 0x558100000300
4711 00:01:43.000000 [0x0] realloc(0x5581000002a0, 40) = 0x558100000400
# rss 8192
4711 00:01:44.000000 [0x0] mark(secret)
4711 00:01:45.000000 [0x0] malloc(1) = 0x558100000500
4712 00:01:46.000000 [0x0] free(0x7f6500000880)
4711 00:01:47.000000 [0x0] free(0x558100000500)
# thread 4712 secret
`;

const WHOLE = `# hook mallog 1
#
# pid 1
# heap 0x220000000000
1 00:00:10.500000 [0x7f0000080000] malloc(20) = 0x2200000002a0
2 00:00:11.000000 [0x7f0000080010] calloc(1, 24) = 0x7c0000000880
2 00:00:12.000000 [0x10008000] memalign(64, 100) = 0x220000000300
1 00:00:13.000000 [0x0] realloc(0x2200000002a0, 40) = 0x220000000400
# rss 8192
1 00:00:14.000000 [0x0] mark(1)
1 00:00:15.000000 [0x0] malloc(1) = 0x220000000500
2 00:00:16.000000 [0x0] free(0x7c0000000880)
1 00:00:17.000000 [0x0] free(0x220000000500)
# thread 2 name-1
`;

async function shrunk(log: string, from: GateMoment | null = null, to: GateMoment | null = null) {
  const gate = (moment: GateMoment | null) => (moment === null ? null : new MomentGate(moment));
  const window = { from: gate(from), to: gate(to) };
  const { text, writer } = await rewritten(() => new ShrinkingWriter(window), log);
  return { text, writer };
}

describe("ShrinkingWriter", () => {
  test("writes the whole log, an empty comment where nothing of one is left", async () => {
    const { text, writer } = await shrunk(LOG);
    expect(text).toBe(WHOLE);
    expect([writer.events, writer.blocksBefore]).toEqual([8, 0]);
    expect(writer.threads.size).toBe(2);
    expect(writer.comments.leftOut).toBe(1);
  });

  test.each<[string, GateMoment, GateMoment]>([
    ["lines", { kind: "line", line: 9 }, { kind: "line", line: 12 }],
    ["times", { kind: "time", seconds: 2.6 }, { kind: "time", seconds: 5.5 }],
    ["clock times", { kind: "clock", time: 103.1e6 }, { kind: "clock", time: 106e6 }],
  ])(
    "writes a window by %s, above it what is live, and comments about the process",
    async (_, from, to) => {
      const { text, writer } = await shrunk(LOG, from, to);
      expect(text).toBe(
        `# hook mallog 1
# pid 1
# heap 0x220000000000
2 00:00:11.000000 [0x7f0000080010] malloc(24) = 0x7c0000000880
2 00:00:12.000000 [0x10008000] memalign(64, 100) = 0x220000000300
1 00:00:13.000000 [0x0] malloc(40) = 0x220000000400
1 00:00:14.000000 [0x0] mark(1)
1 00:00:15.000000 [0x0] malloc(1) = 0x220000000500
2 00:00:16.000000 [0x0] free(0x7c0000000880)
# thread 2 name-1
`.replace("[0x7f0000080010]", "[0x7f0000080010]"),
      );
      expect([writer.events, writer.blocksBefore]).toEqual([3, 3]);
    },
  );

  test("a window may begin after a mark, and have no end", async () => {
    const { text } = await shrunk(LOG, { kind: "mark", label: "secret" });
    expect(text.match(/^\d.*/gm)).toHaveLength(3 + 3);
  });

  test("counts times from the start, also over midnight, and never below 0", async () => {
    const log = "1 23:59:59.5 malloc(1) = 0x10\n1 00:00:01 free(0x10)\n1 23:59:00 free(0x10)\n";
    const { text } = await shrunk(log);
    expect(text.match(/\d\d:\d\d:[\d.]+/g)).toEqual([
      "00:00:10.500000",
      "00:00:12.000000",
      "00:00:00.000000",
    ]);
  });

  test("a log without times has none", async () => {
    const { text } = await shrunk("5 malloc(1) = 0x10\n");
    expect(text).toBe("1 [0x0] malloc(1) = 0x40000010\n");
  });
});
