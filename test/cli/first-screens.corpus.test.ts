import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { gravestFirst } from "../../src/report/order/gravest-first.ts";
import { OWN_CORPUS, SHARED_CORPUS } from "../support/corpus.ts";
import { remembered } from "../support/remembered.ts";
import { mallog } from "../support/run-mallog.ts";

/** The first screen of programs whose memory is held by what is known to hold it. */

const PINS = fileURLToPath(new URL("../../fixtures/pins/many-pins.log.gz", import.meta.url));

interface Known {
  readonly name: string;
  readonly log: string;
  /** what the first finding says */
  readonly finding: readonly string[];
}

const PROGRAMS: readonly Known[] = [
  {
    // 500,000 × 1 KiB, one block of 1 B kept above them
    name: "frag-leak-500k",
    log: join(SHARED_CORPUS, "frag-leak-500k-g236/trace.log.gz"),
    finding: [
      "one live block of 1 B, allocated in line 500,002 at 0x4011e0",
      "keeps 495.9 MiB of freed memory below it resident",
    ],
  },
  {
    name: "frag-leak-60k",
    log: join(SHARED_CORPUS, "frag-leak-60k-g223/trace.log.gz"),
    finding: ["one live block of 1 B, allocated in line 60,002", "keep 59.49 MiB of freed memory"],
  },
  {
    // a thread keeps one block of 40 B of every thousand
    name: "threadfrag",
    log: join(OWN_CORPUS, "threadfrag-g217/trace.log.gz"),
    finding: ["6 live blocks (most: 6 × 40 B by thread 13321 at 0x40121a)", "held likewise"],
  },
  {
    name: "many-pins",
    log: PINS,
    finding: [
      "28,500 live blocks (most: 28,500 × 160 B at",
      "malloc_trim would return 21.7 MiB of the freed memory, and the rest stays",
    ],
  },
];

const analyse = remembered(reportOfLog("0", null));

async function run(log: string, ...options: readonly string[]): Promise<string> {
  const { out, code } = await mallog([log, ...options], analyse, {});
  expect(code).toBe(0);
  return out;
}

describe.each(PROGRAMS.filter(({ log }) => existsSync(log)))("$name", ({ name, log, finding }) => {
  it("is answered on the first screen", async () => {
    const [screen] = (await run(log)).split("\nWhat if:");
    await expect(screen).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it("has what pins as its first finding", async () => {
    const { findings }: Report = JSON.parse(await run(log, "--json"));
    const [first] = gravestFirst(findings);
    expect(first?.kind).toBe("pinned-heap");
    for (const part of finding) {
      expect(first?.message).toContain(part);
    }
  });
});
