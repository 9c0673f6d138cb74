import { beforeAll, describe, expect, it } from "vitest";
import type { RssFigures } from "../../../src/report/contract/report.ts";
import { CProgram } from "../../support/c-program.ts";
import { analyse, scenario, UNKNOWN_PROCESS } from "../../support/corpus.ts";
import { canRecord, comments, Hook } from "../../support/hooked.ts";

/** Logs without a word on what the program wrote, compared with what was measured in the same run (test/support/blocks.c). */

const program = new CProgram("blocks");
const hook = new Hook();
const TRIM = scenario("malloc_trim=end", {}, true);

/** The log as a hook writes it that measures nothing. */
function plain(log: Buffer): Buffer {
  const lines = log.toString("latin1").split("\n");
  return Buffer.from(lines.filter((line) => !/^# (hole|rss)/.test(line)).join("\n"), "latin1");
}

/** RSS at the end, and after a trim. */
function rssOf(log: Buffer): RssFigures[] {
  const options = { ...UNKNOWN_PROCESS, touch: "facts", whatIfs: [TRIM] } as const;
  return analyse(log, options).scenarios.map(({ rss }) => rss);
}

describe.skipIf(!canRecord)("a log that does not state what was written", () => {
  beforeAll(() => {
    hook.compile();
    program.compile("-O1", "-Wall", "-Wextra", "-Werror");
  });

  it.each([
    [2000, 65536, 1000],
    [2000, 65536, 500],
    [2000, 65536, 60],
    [2000, 65536, 0],
    [3000, 16512, 330],
    [4000, 8192, 0],
    [300, 300_000, 250],
    [500, 32768, 1000],
  ])("has a range with the measured RSS: %d blocks of %d bytes, %d ‰ written", (...argv) => {
    const { largest, status } = hook.record(program.path, argv.map(String));
    expect(status.status).toBe(0);
    const measured = Number.parseInt(comments(largest, "rss").at(-1)!, 10);
    const truths = rssOf(largest);
    expect(truths[0]?.endBytes).toBe(measured);
    rssOf(plain(largest)).forEach(({ endBytes, lowBytes, highBytes }, i) => {
      const truth = truths[i]!.endBytes;
      expect(lowBytes).toBeLessThanOrEqual(truth);
      expect(highBytes).toBeGreaterThanOrEqual(truth);
      // Nothing else is known of the program: its blocks count as written.
      expect(endBytes).toBe(highBytes);
    });
  });
});
