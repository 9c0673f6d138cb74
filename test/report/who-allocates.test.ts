import { Chalk } from "chalk";
import { expect, it } from "vitest";
import { present } from "../../src/insight/present.ts";
import type { CallerSummary, SizeSummary } from "../../src/report/contract/report.ts";
import { sortAllocations } from "../../src/report/order/sort-allocations.ts";
import { writeMarkdown } from "../../src/report/writers/markdown.ts";
import { writeText } from "../../src/report/writers/text.ts";
import { KiB, MiB, report } from "../support/report-builder.ts";

const FIGURES = {
  calls: 4890,
  volumeBytes: 153 * MiB,
  liveBytes: 0,
  liveBlocks: 0,
  liveAtPeakBytes: 4.75 * MiB,
  pinnedBytes: 2 * MiB,
  temporaryCalls: 4400,
  merged: false,
  liveTimeline: [],
};

function caller(text: string | null, given: Partial<CallerSummary> = {}): CallerSummary {
  const nowhere = { module: null, offset: null, symbol: null, file: null, line: null };
  return { caller: text, ...nowhere, ...FIGURES, medianLifetimeEvents: 16, ...given };
}

const CALLERS = [
  caller("0x7f1100012dc6", { module: "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13", offset: 0x12dc6 }),
  caller("0x7f1100003041", {
    module: "/usr/lib/libz.so.1.2.13",
    offset: 0x3041,
    symbol: "inflateInit2_",
    volumeBytes: 33 * MiB,
    liveBytes: 2 * MiB,
    liveBlocks: 293,
  }),
  caller("0x55aa00003041", {
    module: "/opt/app/bin/server",
    offset: 0x3041,
    symbol: "std::vector<Request, std::allocator<Request> >::_M_realloc_insert(Request&&)",
    file: "/usr/include/c++/12/bits/new_allocator.h",
    line: 137,
    volumeBytes: 12 * KiB,
    liveAtPeakBytes: 0,
    temporaryCalls: 0,
    medianLifetimeEvents: null,
  }),
  caller("decode+0x41", { symbol: "decode", volumeBytes: 0 }),
  caller("0xfff10", { volumeBytes: 0 }),
  caller(null, { volumeBytes: 7 * MiB }),
  caller(null, { volumeBytes: 70 * MiB, merged: true }),
];

function size(bytes: number | null, given: Partial<SizeSummary> = {}): SizeSummary {
  return { size: bytes, ...FIGURES, ...given };
}

const SIZES = [
  size(32768),
  size(7160, { volumeBytes: 33 * MiB, liveBytes: 2 * MiB }),
  size(0, { volumeBytes: 0, liveAtPeakBytes: 0 }),
  size(null, { volumeBytes: 70 * MiB, merged: true }),
];

const REPORT = present(report({ callers: CALLERS, sizes: SIZES }));
const sort = { key: "volume", ascending: false } as const;
const chalk = new Chalk({ level: 0 });

/** The main table, which has a line of its own above and below. */
function mainTable(text: string, title: RegExp): string {
  return `${text.split("\n\n").find((section) => title.test(section)) ?? ""}\n`;
}

it.each([60, 80, 120])("shows call sites and sizes in %d columns", async (width) => {
  const options = { sort, top: 10, width, chalk };
  const tables = [
    mainTable(writeText(REPORT, { ...options, by: "caller" }), /^Call sites/),
    mainTable(writeText(REPORT, { ...options, by: "size", top: 1 }), /^Sizes/),
  ].join("\n");
  expect(tables.split("\n").every((line) => line.length <= width)).toBe(true);
  await expect(tables).toMatchFileSnapshot(`golden/who-allocates-${width}.txt`);
});

it("shows them in Markdown instead of the threads", async () => {
  const options = { sort, top: 2, width: 80, chalk };
  const callers = writeMarkdown(REPORT, { ...options, by: "caller" });
  expect(callers).not.toContain("<summary>Threads");
  const folded = /<details><summary>Call sites[\s\S]*?<\/details>\n/.exec(callers)?.[0];
  await expect(folded).toMatchFileSnapshot("golden/who-allocates.md");
});

it("sorts the rows, and keeps the merged one last", () => {
  const order = (key: "live" | "calls" | "peak", ascending: boolean) =>
    sortAllocations(SIZES, { key, ascending }).map((row) => row.size);
  expect(order("live", false)).toEqual([7160, 32768, 0, null]);
  expect(order("peak", true)).toEqual([0, 32768, 7160, null]);
  expect(order("calls", true)).toEqual([32768, 7160, 0, null]);
});
