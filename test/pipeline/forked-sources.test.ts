import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import { basis } from "../../src/insight/evidence/basis.ts";
import { verdict } from "../../src/insight/verdict.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { UNKNOWN_PROCESS } from "../support/corpus.ts";
import { newFolder } from "../support/run-mallog.ts";

const BEFORE =
  "# hook mallog 1\n# pid 100\n# heap 0x555555559000\n100 malloc(24) = 0x5555555592a0\n";
const PARENT = `${BEFORE}100 malloc(1000) = 0x5555555592c0\n`;

function child(pid: number): string {
  const head = `# hook mallog 1\n# pid ${pid}\n# forked p.100.log ${BEFORE.length} 100\n`;
  return `${head}# heap 0x555555559000\n${pid} malloc(24) = 0x5555555592c0\n`;
}

function reportOf(...names: readonly string[]): Promise<Report> {
  const folder = newFolder();
  writeFileSync(join(folder, "p.100.log"), PARENT);
  writeFileSync(join(folder, "p.200.log"), child(200));
  writeFileSync(join(folder, "p.300.log"), child(300));
  writeFileSync(join(folder, "p.400.log"), child(400).replace(/^400 .*\n/m, ""));
  const hooks = {
    stdin: Readable.from([]),
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  const paths = names.map((name) => join(folder, name));
  return reportOfLog("test", null)(paths, { ...UNKNOWN_PROCESS, process: null }, hooks);
}

describe("logs of forked processes", () => {
  it("are said to begin with their parents' calls, which are counted", async () => {
    const one = await reportOf("p.200.log");
    expect(one.trace.events).toBe(2);
    expect(one.trace.withParents?.map((path) => path.slice(-9))).toEqual(["p.200.log"]);
    expect(basis(one).join("\n")).toMatch(
      /p\.200\.log begins with its parent's calls up to the fork, .*; lines are counted from there/,
    );
    const two = await reportOf("p.200.log", "p.300.log");
    expect(verdict(two)[0]?.text).toBe(
      "The log has 2 processes; this is process 200, with 50.0 % of all requested bytes.",
    );
    expect(basis(two)).toContain(
      "2 of these logs begin with their parents' calls up to the fork, read from the parents' logs; lines are counted from there",
    );
  });

  it("count their own calls only where several processes are compared", async () => {
    const { processes, trace } = await reportOf("p.200.log", "p.100.log", "p.300.log", "p.400.log");
    expect(
      processes?.map(({ name, events, volumeBytes, isReported }) => [
        name,
        events,
        volumeBytes,
        isReported,
      ]),
    ).toEqual([
      ["100", 2, 1024, true],
      ["200", 1, 24, false],
      ["300", 1, 24, false],
      ["400", 0, 0, false],
    ]);
    expect(trace.events).toBe(2);
  });

  it("are read alone where they name no parent", async () => {
    const one = await reportOf("p.100.log");
    expect(one.trace).not.toHaveProperty("withParents");
    expect(basis(one).join("\n")).not.toContain("up to the fork");
  });
});
