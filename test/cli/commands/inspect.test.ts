import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseMoment } from "../../../src/cli/options/parse-moment.ts";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import { OWN_CORPUS } from "../../support/corpus.ts";
import { codeBlocks } from "../../support/documents.ts";
import { remembered } from "../../support/remembered.ts";
import { expectInspectionJson } from "../../support/report-schema.ts";
import { mallog, newFolder } from "../../support/run-mallog.ts";

const analyse = remembered(reportOfLog("test", null));
const LOG = join(OWN_CORPUS, "synth-mixed-realloc-g231", "trace.log.gz");
const THREADS = join(OWN_CORPUS, "threadfrag-g217", "trace.log.gz");

const JVM = fileURLToPath(new URL("../../../fixtures/jvm/boot.log.gz", import.meta.url));

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

describe("mallog inspect says of what a figure is", () => {
  test("with one of several arenas: that one, and the process for what is of no arena", async () => {
    const { out } = await inspect([THREADS, "--glibc", "2.17", "--at", "END", "--arena", "1"]);
    expect(out).toMatch(/^The whole process: RSS [\d.]+ MiB/m);
    expect(out).toMatch(/^Arena 1 \(of 3\)$/m);
    expect(out).toMatch(/^Heaps of arena 1 \(\d+\)$/m);
    const mapped = await inspect([JVM, "--at", "END", "--arena", "9"]);
    expect(mapped.out).toMatch(/^Threads of arena 9 and their tcaches \(1\)$/m);
    expect(mapped.out).toMatch(/^Mapped one by one, outside arenas \(8 blocks, 5.32 MiB\)$/m);
  });

  test("the arenas in JSON, shown or not", async () => {
    const { out } = await inspect([THREADS, "--glibc", "2.17", "--arena", "1", "--json"]);
    const { heap } = JSON.parse(out);
    expect(heap.arenas.map(({ id }: { id: number }) => id)).toEqual([1]);
    expect(heap.arenaCount).toBe(3);
  });

  test("of a line: once, and the line above if it is no call", async () => {
    const { out } = await inspect([LOG, "--glibc", "2.31", "--at", "9000"]);
    expect(out.split("\n")[0]).toBe(
      "Heap after line 9,000 (9,000 events, 59.3 ms after the first)",
    );
    const commented = await inspect([JVM, "--at", "line:7"]);
    expect(commented.out.split("\n")[0]).toMatch(/^Heap after line 7 /);
  });

  test("of the end and of the peak", async () => {
    const end = await inspect([LOG, "--glibc", "2.31"]);
    expect(end.out).toMatch(/^Heap at the log's end \(81,7\d\d events/);
    const peak = await inspect([LOG, "--glibc", "2.31", "--at", "PEAK"]);
    expect(peak.out).toMatch(/^Heap at the peak of RSS \(/);
  });
});

describe("mallog inspect --top", () => {
  test("0 lists every chunk of every bin, one in a line", async () => {
    const argv = ["--at", "mark:loop_done", "--glibc", "2.31", "--bins", "--top", "0"];
    const { out } = await inspect([LOG, ...argv]);
    expect(out).not.toContain("…");
    const { out: json } = await inspect([LOG, ...argv, "--json"]);
    const [arena] = JSON.parse(json).heap.arenas;
    const listed = out.split("\n\n").find((section) => section.startsWith("Bins of arena 0"));
    expect(listed?.match(/0x[0-9a-f]+/g)).toEqual(
      arena.bins.flatMap(({ first }: { first: { address: string }[] }) =>
        first.map(({ address }) => address),
      ),
    );
  });

  test("limits chunks in text, and not in JSON", async () => {
    const argv = ["--at", "5ms", "--glibc", "2.17", "--chunks", "--arena", "1"];
    const all = await inspect([THREADS, ...argv, "--top", "0"]);
    expect(all.out).not.toContain(" more");
    const { out } = await inspect([THREADS, ...argv, "--json", "--top", "1"]);
    const [{ chunks }] = JSON.parse(out).heap.arenas[0].heaps;
    expect(all.out).toContain(`by address (${chunks.length})`);
  });
});

test("mallog inspect --map --arena draws to the scale of what is drawn", async () => {
  const log = join(OWN_CORPUS, "mt-baton12-g244", "trace.log.gz");
  const all = await inspect([log, "--map"]);
  expect(all.out.replaceAll("\n", " ")).toContain("not resident; 8 KiB a character)");
  const one = await inspect([log, "--map", "--arena", "1"]);
  expect(one.out).toContain("Pages of arena 1, heap 0 (2,157 pages");
  expect(one.out).not.toContain("a character)");
});

describe("mallog inspect -o", () => {
  test("writes text and JSON, and then nothing with -q", async () => {
    const folder = newFolder();
    const files = [join(folder, "heap.txt"), join(folder, "heap.json")] as const;
    const argv = [LOG, "--glibc", "2.31", "--at", "9000", "-o", files[0], "-o", files[1]];
    const { out, code } = await inspect(argv, 120);
    expect(code).toBe(0);
    expect(readFileSync(files[0], "utf8")).toBe(out);
    const json = readFileSync(files[1], "utf8");
    expectInspectionJson(json);
    expect((await inspect([...argv.slice(0, 5), "--json"])).out).toBe(json);
    expect(await inspect([...argv, "-q"])).toMatchObject({ out: "", err: "", code: 0 });
  });

  test("writes JSON with the chunks of bins beside text without them", async () => {
    const file = join(newFolder(), "heap.json");
    const argv = [LOG, "--glibc", "2.31", "--at", "9000"];
    await inspect([...argv, "-q", "-o", file]);
    expect(readFileSync(file, "utf8")).toBe((await inspect([...argv, "--json"])).out);
  });

  test("refuses a format that only reports have", async () => {
    const { err, code } = await inspect([LOG, "-o", join(newFolder(), "heap.html")]);
    expect(code).toBe(2);
    expect(err).toMatch(/unknown format; end the file's name in \.txt or \.json/);
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
    [["--arena", "9"], /^mallog: --arena 9: the process has only arena 0 at END;/],
    [["--what-if", "x=1"], /^mallog: unknown option '--what-if'; see mallog inspect --help\n$/],
    [["--no-model"], /^mallog: unknown option '--no-model'; see mallog inspect --help\n$/],
    [["--chunk"], /^mallog: unknown option '--chunk' \(did you mean --chunks\?\); see/],
    [["--arena", "main"], /^mallog: --arena main: give the number of an arena;/],
  ])("%j", async (argv, message) => {
    const { out, err, code } = await inspect([LOG, "--glibc", "2.31", ...argv]);
    expect({ out, code }).toEqual({ out: "", code: 2 });
    expect(err).toMatch(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a log of another allocator, unless told to trust it", async () => {
    const log = join(OWN_CORPUS, "../allocators/jemalloc-perl.log.gz");
    const { out, err, code } = await inspect([log]);
    expect({ out, code }).toEqual({ out: "", code: 4 });
    expect(err).toMatch(/This log does not show what glibc holds: .*jemalloc/s);
    expect(err).toMatch(/^mallog: --allow-unreliable shows the model's heap all the same$/m);
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
  const argv = ["--at", "peak", "--arena", "13", "--bins", "--trim", "--top", "3"];
  const { out } = await inspect([JVM, ...argv]);
  const blocks = codeBlocks("docs/inspect.md", "text");
  expect(blocks.length).toBe(3);
  for (const block of blocks) {
    expect(out).toContain(block);
  }
});
