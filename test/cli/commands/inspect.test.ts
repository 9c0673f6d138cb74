import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseMoment } from "../../../src/cli/options/parse-moment.ts";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import { OWN_CORPUS } from "../../support/corpus.ts";
import { codeBlocks } from "../../support/documents.ts";
import { expectInspectionJson } from "../../support/report-schema.ts";
import { mallog } from "../../support/run-mallog.ts";

const analyse = reportOfLog("test", null);
const LOG = join(OWN_CORPUS, "synth-mixed-realloc-g231", "trace.log.gz");
const THREADS = join(OWN_CORPUS, "threadfrag-g217", "trace.log.gz");

const inspect = (argv: readonly string[], columns = 80) =>
  mallog(["inspect", ...argv], analyse, { env: { COLUMNS: String(columns) } });

describe("mallog inspect prints", () => {
  test.each([60, 80, 120])(
    "arenas, heaps, threads and parameters in %i columns",
    async (columns) => {
      const { out, code, err } = await inspect([LOG, "--at", "9000", "--glibc", "2.31"], columns);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out.split("\n").filter((line) => [...line].length > columns)).toEqual([]);
      await expect(out).toMatchFileSnapshot(`golden/inspect-${columns}.txt`);
    },
  );

  test("bins, pages and what malloc_trim would return", async () => {
    const argv = [
      "--at",
      "mark:loop_done",
      "--glibc",
      "2.31",
      "--bins",
      "--map",
      "--trim",
      "--top",
      "4",
    ];
    const { out, code } = await inspect([LOG, ...argv]);
    expect(code).toBe(0);
    expect(out.split("\n").filter((line) => [...line].length > 80)).toEqual([]);
    await expect(out).toMatchFileSnapshot("golden/inspect-parts.txt");
  });

  test("what malloc_trim would return of one arena, as a part of what it returns", async () => {
    const { out } = await inspect([THREADS, "--at", "END", "--trim", "--arena", "0"]);
    expect(out).toContain(
      "malloc_trim(0) would return 0 B of resident memory of arena 0, in 1 call",
    );
    const { out: other } = await inspect([THREADS, "--at", "END", "--trim", "--arena", "2"]);
    expect(other).toMatch(
      /malloc_trim\(0\) would return [\d.]+ MiB of resident memory of arena 2, in/,
    );
  });

  test("the chunks of one arena", async () => {
    const argv = ["--at", "5ms", "--glibc", "2.17", "--chunks", "--arena", "1", "--top", "5"];
    const { out, code } = await inspect([THREADS, ...argv]);
    expect(code).toBe(0);
    await expect(out).toMatchFileSnapshot("golden/inspect-chunks.txt");
  });

  test("what was fitted to a measured RSS, and that it cannot be met", async () => {
    const argv = [LOG, "--at", "END", "--glibc", "2.31"];
    const { out } = await inspect([...argv, "--observed-rss", "18MiB"], 200);
    expect(out).toContain("\nRSS 18 MiB (");
    expect(out).toMatch(
      /\nWrites to blocks: fitted to --observed-rss, .* written \(off by 0\.0 %\)\.\n/,
    );
    const { out: beyond } = await inspect([...argv, "--observed-rss", "1GiB"], 200);
    expect(beyond).toMatch(
      /\nThe measured RSS of [\d.,]+ [MG]iB is .* above the model's RSS with every byte/,
    );
  });

  test("JSON, with as many chunks of each bin as --top says", async () => {
    const { out, code } = await inspect([LOG, "--at", "peak", "--json", "--top", "2"]);
    expect(code).toBe(0);
    expectInspectionJson(out);
    const { moment, grade, heap } = JSON.parse(out);
    expect(moment).toMatchObject({ asked: "peak", line: null, marks: null });
    expect(grade.level).toBe("reproduced");
    expect(
      Math.max(...heap.arenas[0].bins.map(({ first }: { first: unknown[] }) => first.length)),
    ).toBe(2);
    expect(heap.trim).toBeNull();
  });
});

describe("mallog inspect refuses", () => {
  test.each([
    [["--at", "soon"], /^mallog: --at soon: give END, peak, a line/],
    [
      ["--at", "99999999"],
      /^mallog: --at 99999999: the log has 81,764 lines; see mallog inspect --help\n$/,
    ],
    [
      ["--at", "mark:x"],
      /^mallog: --at mark:x: the log has no mark x; it has loop_done, three_quarters_freed;/,
    ],
    [["--at", "2h"], /^mallog: --at 2h: the log spans 483 ms;/],
    [["--arena", "9"], /^mallog: --arena: there is no arena 9 at END: the process has 1 arena;/],
    [["--arena", "main"], /^mallog: --arena main: give the number of an arena;/],
  ])("%j", async (argv, message) => {
    const { out, err, code } = await inspect([LOG, ...argv]);
    expect({ out, code }).toEqual({ out: "", code: 2 });
    expect(err).toMatch(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a log of another allocator, unless told to trust it", async () => {
    const log = join(OWN_CORPUS, "../allocators/jemalloc-perl.log.gz");
    const { out, err, code } = await inspect([log]);
    expect({ out, code }).toEqual({ out: "", code: 4 });
    expect(err).toMatch(/This log does not show what glibc holds: .*jemalloc/s);
    const trusted = await inspect([log, "--allow-unreliable"]);
    expect(trusted.code).toBe(0);
    expect(trusted.out).toMatch(/This log does not show what glibc holds/);
  });
});

describe("a moment is", () => {
  test.each([
    ["END", { kind: "end" }],
    ["end", { kind: "end" }],
    ["Peak", { kind: "peak" }],
    ["1500", { kind: "line", line: 1500 }],
    ["line:7", { kind: "line", line: 7 }],
    ["12.5s", { kind: "time", seconds: 12.5 }],
    ["300 ms", { kind: "time", seconds: 0.3 }],
    ["0s", { kind: "time", seconds: 0 }],
    ["2h", { kind: "time", seconds: 7200 }],
    ["00:01:30.5", { kind: "clock", time: 90.5e6 }],
    ["26:00:00", { kind: "clock", time: 93_600e6 }],
    ["mark: warm up", { kind: "mark", label: "warm up" }],
  ])("%s", (text, moment) => expect(parseMoment(text)).toEqual({ ok: moment }));

  test.each(["", "0", "-1", "1.5", "1.5x", "00:61:00", "mark:", "ende"])("not %j", (text) => {
    expect(parseMoment(text)).toEqual({ error: expect.any(String) });
  });
});

test("docs/inspect.md quotes what is printed", async () => {
  const log = fileURLToPath(new URL("../../../fixtures/jvm/boot.log.gz", import.meta.url));
  const argv = ["--at", "peak", "--arena", "13", "--bins", "--trim", "--top", "3"];
  const { out } = await inspect([log, ...argv]);
  const blocks = codeBlocks("docs/inspect.md", "text");
  expect(blocks.length).toBe(3);
  for (const block of blocks) {
    expect(out).toContain(block);
  }
});
