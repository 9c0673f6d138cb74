import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { analyse } from "../../src/pipeline/analyse.ts";
import { summarize } from "../../src/summary/summarize.ts";
import type { GivenIo } from "../support/fake-io.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";

const LOG = `7 00:00:00.000100 [libzip.so+0x41] malloc(100) = 0x5581000002a0
7 00:00:00.000200 [inflate+0x41] malloc(200) = 0x558100000310
8 00:00:00.000300 [operator new[](unsigned long)+0x1c] malloc(300) = 0x5581000003e0
7 00:00:00.000400 [0x7f000000a041] malloc(400) = 0x558100000520
7 00:00:00.000500 [libzip.so+0x41] free(0x5581000002a0)
7 00:00:00.000600 [inflate+0x41] malloc(200) = 0x5581000006c0
`;
const MAPS = "7f0000003000-7f0000016000 r-xp 00003000 08:01 1234     /usr/lib/libz.so.1\n";

/** Runs the whole of mallog on a log. */
async function report(log: string, options: readonly string[], given: GivenIo = {}) {
  const folder = newFolder();
  writeFileSync(join(folder, "app.log"), log);
  writeFileSync(join(folder, "maps"), MAPS);
  return mallog(
    ["app.log", "--no-model", ...options],
    async (inputs, asked, hooks) =>
      summarize(
        await analyse(
          inputs.map((name) => join(folder, name)),
          asked,
          hooks as never,
          null,
        ),
        "0",
      ),
    { cwd: folder, ...given },
  );
}

describe("call sites", () => {
  it.each([
    [[], true],
    [["--no-model"], false],
    [["--no-model", "--by", "thread"], false],
    [["--no-model", "--by", "caller"], true],
    [["--no-model", "--by", "size"], true],
    [["--no-model", "--json"], true],
    [["--no-model", "-o", "report.html"], true],
    [["--no-model", "--symbols"], true],
    [["check", "--no-model", "--budget", "live<=1MiB"], true],
  ])("are counted where the output of %j may show them: %s", async (options, expected) => {
    let counts: boolean | undefined;
    await mallog([...options, "app.log"], (_, asked) => {
      counts = asked.countsSites;
      return Promise.reject(new Error("that is all"));
    });
    expect(counts).toBe(expected);
  });

  it.each([
    [[], false],
    [["--by", "caller"], false],
    [["--json"], true],
    [["-o", "report.html"], true],
  ])(
    "are sampled over the log where the output of %j may show that: %s",
    async (options, expected) => {
      let samples: boolean | undefined;
      await mallog([...options, "app.log"], (_, asked) => {
        samples = asked.samples;
        return Promise.reject(new Error("that is all"));
      });
      expect(samples).toBe(expected);
    },
  );

  it("are left out without a trace where they are not counted", async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `7 malloc(100) = 0x55${i + 4096}00`);
    const log = [...lines, ...lines.map((line) => `7 free(${line.split(" = ")[1]})`)].join("\n");
    const [counted, left] = [await report(log, ["--csv"]), await report(log, [])];
    expect(counted.out).toContain("2000");
    expect(left.out).toContain("2,000");
  });

  it("are texts of the log, or addresses", async () => {
    const { out, code } = await report(LOG, ["--json"]);
    expect(code).toBe(0);
    const { callers, trace } = JSON.parse(out);
    expect(trace.lines).toMatchObject({ total: 6, parsed: 6 });
    expect(
      callers.map(({ caller, module, offset, symbol, calls }: Record<string, unknown>) => [
        caller,
        module,
        offset,
        symbol,
        calls,
      ]),
    ).toEqual([
      ["inflate+0x41", null, null, "inflate", 2],
      ["0x7f000000a041", null, null, null, 1],
      ["operator new[](unsigned long)+0x1c", null, null, "operator new[](unsigned long)", 1],
      ["libzip.so+0x41", "libzip.so", 0x41, null, 1],
    ]);
  });

  it("have modules by the log's own map lines, or by --maps", async () => {
    for (const [log, options] of [
      [`# map ${MAPS}${LOG}`, []],
      [LOG, ["--maps", "maps"]],
    ] as const) {
      const { out } = await report(log, ["--json", ...options]);
      const { callers } = JSON.parse(out);
      expect(callers[1]).toMatchObject({ module: "/usr/lib/libz.so.1", offset: 0xa041 });
    }
  });

  it("are refused a file that is no copy of /proc/PID/maps", async () => {
    const { code, err } = await report(LOG, ["--maps", "app.log"]);
    expect([code, err]).toEqual([
      2,
      "mallog: --maps app.log: no line is one of /proc/PID/maps; see mallog --help\n",
    ]);
  });

  it("stay without names where no program names them, which is said in one line", async () => {
    // Far enough into any build of Node.js to be code.
    const map = `# map 7f0000000000-7f0010000000 r-xp 00000000 ${process.execPath}\n`;
    const log = LOG.replace("7f000000a041", "7f0002000000");
    const { code, err } = await report(map + log, ["--symbols"], { env: { PATH: "/nowhere" } });
    expect(code).toBe(0);
    expect(err).toMatch(/^mallog: --symbols: neither llvm-symbolizer nor addr2line is installed/);
  });
});

describe("--by", () => {
  it("selects the rows of the main table, which --sort and --top apply to", async () => {
    const lines = async (...options: string[]) => (await report(LOG, options)).out.split("\n");
    const callers = await lines("--by", "caller", "--sort", "-calls", "--top", "1");
    expect(callers.find((line) => line.startsWith("Call sites"))).toBe(
      "Call sites by calls, ascending (4 call sites)",
    );
    expect(callers.some((line) => line.startsWith("… 3 more"))).toBe(true);
    expect(callers.some((line) => line.startsWith("Threads"))).toBe(false);
    const sizes = await lines("--by", "size", "--sort", "live");
    expect(sizes).toContain("Sizes by live (4 sizes)");
  });

  it("selects the rows of CSV", async () => {
    const { out } = await report(LOG, ["--by", "size", "--csv"]);
    expect(out.split("\r\n").slice(0, 3)).toEqual([
      "size,calls,volumeBytes,liveBytes,liveBlocks,liveAtPeakBytes,pinnedBytes,temporaryCalls",
      "200,2,400,400,2,400,0,0",
      "400,1,400,400,1,400,0,0",
    ]);
  });

  it("needs a known kind, and for arenas the model", async () => {
    expect((await report(LOG, ["--by", "callers"])).err).toBe(
      "mallog: --by callers: unknown kind of row (did you mean caller?); give thread, caller, size, arena; see mallog --help\n",
    );
    expect((await report(LOG, ["--by", "arena"])).err).toBe(
      "mallog: --by arena cannot be used with --no-model: arenas are the model's; see mallog --help\n",
    );
  });
});
