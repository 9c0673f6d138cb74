import { describe, expect, it } from "vitest";
import { strip } from "../../../fixtures/strip.ts";
import {
  type Case,
  casesOf,
  logOf,
  NEXT_CORPUS,
  OWN_CORPUS,
  SHARED_CORPUS,
} from "../../support/corpus.ts";
import { processesOf } from "../../support/split-log.ts";

/** Logs of one process are never split, whatever they lack. */

const count = (log: string): number => new Set(processesOf(log)).size;

/** Under MALLOC_ARENA_MAX=1 threads allocate where a fork would. */
const settingsOf = ({ meta }: Case): string[] =>
  Object.keys(meta.traces).filter((name) => /^(?:default|arena_max\d)$/.test(name));

describe.each([OWN_CORPUS, SHARED_CORPUS, NEXT_CORPUS].flatMap(casesOf))("$name", (one) => {
  const logs = settingsOf(one).flatMap((setting) => logOf(one, setting)?.toString("latin1") ?? []);

  it("is one process", () => {
    expect(logs.map(count)).toEqual(logs.map(() => 1));
  });

  it("is one process without its beginning", () => {
    for (const log of logs) {
      expect(count(log.slice(log.indexOf("\n", (log.length * 2) / 3) + 1))).toBe(1);
    }
  });

  it("is one process without every tenth line", () => {
    for (const log of logs) {
      const lines = log.trimEnd().split("\n");
      expect(count(`${lines.filter((_, n) => n % 10 !== 9).join("\n")}\n`)).toBe(1);
    }
  });

  it("is one process as a simple hook writes it", () => {
    for (const log of logs) {
      expect(count(strip(log, ["events", "caller", "cut"]))).toBe(1);
    }
  });
});
