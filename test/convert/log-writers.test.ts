import { expect, test } from "vitest";
import { CsvWriter } from "../../src/convert/csv-writer.ts";
import type { LogTexts } from "../../src/convert/log-writer.ts";
import { LogallocWriter } from "../../src/convert/logalloc-writer.ts";
import { NativeWriter } from "../../src/convert/native-writer.ts";
import { RepWriter } from "../../src/convert/rep-writer.ts";
import { readAsInput, rewritten } from "../support/rewritten.ts";

const LOG = `# hook mallog 1
# pid 41
41 00:00:01.000001 [0x7f0000001000] malloc(20) = 0x5581000002a0
42 00:00:01.000002 [libz.so+0x41] calloc(3, 8) = 0x5581000002c0
42 00:00:01.000003500 [0x0] memalign(64, 100) = 0x558100000300
41 1.5 [0x7f0000001000] realloc(0x5581000002a0, 0x28) = 0x5581000003a0
41 1.6 realloc(0x5581000003a0, 0) = nil
41 free(0x558100000ff0)
41 free(nil)
41 malloc(99999999999999) = nil
41 mallopt(-3, 65536)
# rss 4096
42 mark(warm, up)
42 thread_exit()
no call
41 malloc(0) = 0x5581000002a0
`;

test("native: one form for all lines, and all that the log states", async () => {
  const { text, writer } = await rewritten((texts) => new NativeWriter(texts), LOG);
  expect(text).toBe(`# format native
# hook mallog 1
# pid 41
41 00:00:01.000001 [0x7f0000001000] malloc(20) = 0x5581000002a0
42 00:00:01.000002 [libz.so+0x41] calloc(1, 24) = 0x5581000002c0
42 00:00:01.000003500 [0x0] memalign(64, 100) = 0x558100000300
41 00:00:01.500000 [0x7f0000001000] realloc(0x5581000002a0, 40) = 0x5581000003a0
41 00:00:01.600000 [0x0] realloc(0x5581000003a0, 0) = 0x0
41 [0x0] free(0x558100000ff0)
41 [0x0] free(0x0)
41 [0x0] malloc(99999999999999) = 0x0
41 [0x0] mallopt(-3, 65536)
# rss 4096
42 [0x0] mark(warm, up)
42 [0x0] thread_exit()
41 [0x0] malloc(0) = 0x5581000002a0
`);
  expect(writer.losses.text).toBe("");
});

test("native: names of callers are read back, and the format is stated once", async () => {
  const native = (texts: LogTexts) => new NativeWriter(texts);
  const once = await rewritten(
    native,
    "7 [main+0x5] malloc(7) = 0x5581000002a0\n7 [main+0x5] free(0x5581000002a0)\n",
  );
  expect((await rewritten(native, once.text)).text).toBe(once.text);
  expect((await readAsInput(once.text)).diagnostics.callerNames).toEqual(["main+0x5"]);
  const stated = `# format native\n7 [main] malloc(7) = 0x5581000002a0\n8 [g] free(0x5581000002a0)\n`;
  const again = await rewritten(native, stated);
  expect((await readAsInput(again.text)).diagnostics.callerNames).toEqual(["main", "g"]);
});

test("logalloc: the process of each thread, and no blanks", async () => {
  const { text, writer } = await rewritten(() => new LogallocWriter(), LOG);
  expect(text).toBe(`41 41 malloc(20)=0x5581000002a0
41 42 calloc(1,24)=0x5581000002c0
41 42 memalign(64,100)=0x558100000300
41 41 realloc(0x5581000002a0,40)=0x5581000003a0
41 41 realloc(0x5581000003a0,0)=0x0
41 41 free(0x558100000ff0)
41 41 free(0x0)
41 41 malloc(99999999999999)=0x0
41 41 malloc(0)=0x5581000002a0
`);
  expect(writer.losses.text).toBe(
    "5 time stamps, 3 callers, 3 comments, 1 mallopt call, 1 mark, 1 thread exit",
  );
});

test("logalloc: threads of several processes", async () => {
  const log =
    "# owner 7 1\n7 malloc(1) = 0x10\n# owner 8 2\n8 malloc(1) = 0x20\n7 pvalloc(1) = 0x30\n";
  const { text } = await rewritten(() => new LogallocWriter(), log);
  expect(text).toBe("1 7 malloc(1)=0x10\n2 8 malloc(1)=0x20\n1 7 valloc(1)=0x30\n");
});

test("rep: each block an id of its own, and the counts above", async () => {
  const { text, writer } = await rewritten(() => new RepWriter(), LOG);
  // Live at most: 40 + 24 + 100 bytes, in 4 blocks, by 6 operations.
  expect(text).toBe(`164
4
6
1
a 0 20
a 1 24
a 2 100
r 0 40
f 0
a 3 1
`);
  expect(writer.losses.text).toBe(
    "5 time stamps, 3 callers, 3 comments, 1 further thread, 1 alignment, 1 unmatched free, 1 NULL free, 1 failed call, 3 other calls, 1 0-byte size",
  );
});

test("rep: a block whose free is missing stays allocated", async () => {
  const log = "1 malloc(8) = 0x10\n1 malloc(9) = 0x10\n1 free(0x10)\n1 free(0x10)\n";
  const { text, writer } = await rewritten(() => new RepWriter(), log);
  expect(text).toBe("17\n2\n3\n1\na 0 8\na 1 9\nf 1\n");
  expect(writer.losses.text).toBe("1 missing free, 1 unmatched free");
});

test("csv: a row for each call, with cells left empty", async () => {
  const { text, writer } = await rewritten((texts) => new CsvWriter(texts), LOG);
  expect(text).toBe(`line,time,tid,caller,call,size,alignment,pointer,result,label
3,1.000001,41,0x7f0000001000,malloc,20,,,0x5581000002a0,
4,1.000002,42,libz.so+0x41,calloc,24,,,0x5581000002c0,
5,1.000003500,42,,memalign,100,64,,0x558100000300,
6,1.500000,41,0x7f0000001000,realloc,40,,0x5581000002a0,0x5581000003a0,
7,1.600000,41,,realloc,0,,0x5581000003a0,0x0,
8,,41,,free,,,0x558100000ff0,,
9,,41,,free,,,0x0,,
10,,41,,malloc,99999999999999,,,0x0,
11,,41,,mallopt,65536,-3,,,
13,,42,,mark,,,,,"warm, up"
14,,42,,thread_exit,,,,,
16,,41,,malloc,0,,,0x5581000002a0,
`);
  expect(writer.losses.text).toBe("3 comments");
});

test("csv: a name cannot become a formula", async () => {
  const log = '1 mark(=HYPERLINK("x"))\n';
  const { text } = await rewritten((texts) => new CsvWriter(texts), log);
  expect(text.split("\n")[1]).toBe(`1,,1,,mark,,,,,"'=HYPERLINK(""x"")"`);
});
