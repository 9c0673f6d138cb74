import { beforeAll, describe, expect, it } from "vitest";
import { strip } from "../../../fixtures/strip.ts";
import {
  type Case,
  casesOf,
  logOf,
  NEXT_CORPUS,
  OWN_CORPUS,
  oneOfEachKind,
  SHARED_CORPUS,
} from "../../support/corpus.ts";
import { processCount } from "../../support/split-log.ts";

/** Logs of one process are never split, whatever they lack. */

/** Under MALLOC_ARENA_MAX=1 threads allocate where a fork would. */
const settingsOf = ({ meta }: Case): string[] =>
  Object.keys(meta.traces).filter((name) => /^(?:default|arena_max\d)$/.test(name));

function logsOf(one: Case): string[] {
  return settingsOf(one).flatMap((setting) => logOf(one, setting)?.toString("latin1") ?? []);
}

it.each([OWN_CORPUS, SHARED_CORPUS, NEXT_CORPUS].flatMap(casesOf))(
  "$name is one process",
  (one) => {
    const logs = logsOf(one);
    expect(logs.map(processCount)).toEqual(logs.map(() => 1));
  },
);

describe.each(oneOfEachKind())("$name", (one) => {
  let logs: string[];
  beforeAll(() => {
    logs = logsOf(one);
  });

  it("is one process without its beginning", () => {
    for (const log of logs) {
      expect(processCount(log.slice(log.indexOf("\n", (log.length * 2) / 3) + 1))).toBe(1);
    }
  });

  it("is one process without every tenth line", () => {
    for (const log of logs) {
      const lines = log.trimEnd().split("\n");
      expect(processCount(`${lines.filter((_, n) => n % 10 !== 9).join("\n")}\n`)).toBe(1);
    }
  });

  it("is one process as a simple hook writes it", () => {
    for (const log of logs) {
      expect(processCount(strip(log, ["events", "caller", "cut"]))).toBe(1);
    }
  });
});
