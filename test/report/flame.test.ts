import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { Chalk } from "chalk";
import { describe, expect, it } from "vitest";
import { present } from "../../src/insight/present.ts";
import type { CallerSummary, Report } from "../../src/report/contract/report.ts";
import { writerOf } from "../../src/report/writers/index.ts";
import { report, thread } from "../support/report-builder.ts";

const SCHEMA = fileURLToPath(
  new URL("../../fixtures/speedscope/file-format-schema.json", import.meta.url),
);

function caller(text: string, given: Partial<CallerSummary> = {}): CallerSummary {
  const figures = {
    calls: 1,
    volumeBytes: 1,
    liveBytes: 1,
    liveBlocks: 1,
    liveAtPeakBytes: 1,
    pinnedBytes: 0,
  };
  const nowhere = { module: null, offset: null, symbol: null, file: null, line: null };
  const rest = { temporaryCalls: 0, medianLifetimeEvents: null, merged: false, liveTimeline: [] };
  return { caller: text, ...nowhere, ...figures, ...rest, ...given };
}

const REPORT = report({
  threads: [thread(7, { name: "main;\u001b[2J" }), thread(8)],
  callers: [
    caller("0x1"),
    caller("0x2", { module: "/usr/lib/libz.so.1", offset: 0x41 }),
    caller("0x3", { symbol: "read_all", file: "/src/io.c", line: 12 }),
  ],
  sites: {
    tid: [7, 7, 8, null, null],
    caller: ["0x1", "0x2", "0x3", "others", null],
    size: [100, 32768, 24, null, null],
    calls: [1, 2, 3, 4, 5],
    volumeBytes: [5000, 4000, 3000, 2000, 1000],
    liveBytes: [0, 40, 30, 20, 10],
    liveAtPeakBytes: [500, 0, 300, 200, 100],
    pinnedBytes: [0, 0, 0, 0, 900],
  },
});

async function write(ending: string, given: Report = REPORT): Promise<string> {
  const options = { sort: { key: "volume", ascending: false }, top: 10, width: 80 } as const;
  return (await writerOf(ending)!)(present(given), { ...options, chalk: new Chalk({ level: 0 }) });
}

describe("folded stacks", () => {
  it("are thread, call site and size, with the volume", async () => {
    expect((await write(".folded")).split("\n")).toEqual([
      "main,\\x1b[2J (7);0x1;100 B 5000",
      "main,\\x1b[2J (7);libz.so.1+0x41;32,768 B 4000",
      "thread 8;read_all io.c:12;24 B 3000",
      "several threads;other call sites;several sizes 2000",
      "several threads;call site not logged;several sizes 1000",
      "",
    ]);
  });

  it("have what is live at the end, or at the peak, without stacks of nothing", async () => {
    expect((await write(".live.folded")).match(/\d+$/gm)).toEqual(["40", "30", "20", "10"]);
    expect((await write(".peak.folded")).match(/\d+$/gm)).toEqual(["500", "300", "200", "100"]);
  });
});

describe("a speedscope file", () => {
  const isValid = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(SCHEMA, "utf8")));

  it("fits speedscope's schema, also for a log without allocations", async () => {
    for (const given of [REPORT, report()]) {
      isValid(JSON.parse(await write(".speedscope.json", given)));
      expect(isValid.errors).toBeNull();
    }
  });

  it("has one profile each of volume, live at the end, live at the peak and pinned, which share frames", async () => {
    const { profiles, shared } = JSON.parse(await write(".speedscope.json"));
    expect(
      profiles.map(({ name, unit, endValue }: Record<string, unknown>) => [name, unit, endValue]),
    ).toEqual([
      ["volume", "bytes", 15000],
      ["live at the end", "bytes", 100],
      ["live at the peak", "bytes", 1100],
      ["pinned", "bytes", 900],
    ]);
    const names = profiles[1].samples.map((stack: number[]) =>
      stack.map((index) => shared.frames[index].name).join(" > "),
    );
    expect(names[1]).toBe("thread 8 > read_all io.c:12 > 24 B");
    expect(shared.frames).toContainEqual({ name: "read_all io.c:12", file: "/src/io.c", line: 12 });
  });
});
