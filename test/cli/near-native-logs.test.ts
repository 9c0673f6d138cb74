import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { remembered } from "../support/remembered.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";

/** Logs as public hooks print them, which differ from the native format in one thing each. */

interface Expected {
  readonly events: number;
  readonly tids: readonly number[];
  readonly liveBytes: number;
  readonly liveBlocks: number;
  /** seconds */
  readonly lastTime: number | null;
  /** a part of the basis */
  readonly basis: string;
}

const LOGS: [kind: string, log: string, expected: Expected][] = [
  [
    "-> for =",
    `7 0.1 malloc(1000) -> 0x5581000002a0
7 0.2 malloc(1000) -> 0x558100000690
7 0.3 free(0x5581000002a0)
`,
    { events: 3, tids: [7], liveBytes: 1000, liveBlocks: 1, lastTime: 0.3, basis: "(native)" },
  ],
  [
    "<void> after free",
    `7 0.1 malloc(1000) = 0x5581000002a0
7 0.2 free(0x5581000002a0) = <void>
`,
    { events: 2, tids: [7], liveBytes: 0, liveBlocks: 0, lastTime: 0.2, basis: "(native)" },
  ],
  [
    "no column before the call",
    `malloc(7) = 0x5581000002a0
malloc(1024) = 0x558100000310
free(0x5581000002a0) = <void>
`,
    {
      events: 3,
      tids: [0],
      liveBytes: 1024,
      liveBlocks: 1,
      lastTime: null,
      basis: "threads: no column shows them; read as one thread, 0",
    },
  ],
  [
    "no column, and a blank behind the result",
    `malloc(32)=0x9ee2a0 
free(0x9ee2a0)
`,
    {
      events: 2,
      tids: [0],
      liveBytes: 0,
      liveBlocks: 0,
      lastTime: null,
      basis: "columns: none before the call",
    },
  ],
  [
    "tid without blanks around =",
    `13663 malloc(42)=0x5581000002a0
13663 malloc(24)=0x558100000310
13663 free(0x5581000002a0)
`,
    {
      events: 3,
      tids: [13663],
      liveBytes: 24,
      liveBlocks: 1,
      lastTime: null,
      basis: "(native)",
    },
  ],
  [
    "pid and tid",
    `100 101 malloc(1000)=0x5581000002a0
100 102 malloc(1000)=0x7f00000008c0
`,
    {
      events: 2,
      tids: [101, 102],
      liveBytes: 2000,
      liveBlocks: 2,
      lastTime: null,
      basis: "columns: pid (by its values), tid (by its values)",
    },
  ],
  [
    "decimal pointers",
    `7 0.1 malloc(1000) = 94004999160480
7 0.2 free(94004999160480)
7 0.3 malloc(1000) = 94004999160480
7 0.4 malloc(2000) = 94004999161488
`,
    {
      events: 4,
      tids: [7],
      liveBytes: 3000,
      liveBlocks: 2,
      lastTime: 0.4,
      basis: "pointers: decimal",
    },
  ],
  [
    "times in ms",
    `7 1795935946765 malloc(1000) = 0x5581000002a0
7 1795935946766 malloc(1000) = 0x558100000690
`,
    {
      events: 2,
      tids: [7],
      liveBytes: 2000,
      liveBlocks: 2,
      lastTime: 1_795_935_946.766,
      basis: "columns: tid, time in ms",
    },
  ],
  [
    "thread handles",
    `140677413582656 0.1 malloc(1000) = 0x5581000002a0
140677413578560 0.2 malloc(1000) = 0x7f00000008c0
`,
    {
      events: 2,
      tids: [1, 2],
      liveBytes: 2000,
      liveBlocks: 2,
      lastTime: 0.2,
      basis: "threads: handles (pthread_self)",
    },
  ],
];

test.each(LOGS)("%s", async (_, text, { basis, ...expected }) => {
  const log = join(newFolder(), "log");
  writeFileSync(log, text);
  const analyse = remembered(reportOfLog("0.0.0", null));
  const { code, out } = await mallog([log, "--json", "--cpus", "4"], analyse);
  const { trace, live, threads, scenarios }: Report = JSON.parse(out);
  expect(code).toBe(0);
  expect(trace.lines.malformed).toBe(0);
  expect({
    events: trace.events,
    tids: threads.map(({ tid }) => tid).sort((a, b) => a - b),
    liveBytes: live.bytes,
    liveBlocks: live.blocks,
    lastTime: trace.lastTime,
  }).toEqual(expected);
  expect(scenarios[0]?.rss.endBytes).toBeLessThan(64 * 1024);
  expect((await mallog([log, "--cpus", "4"], analyse)).out).toContain(basis);
});
