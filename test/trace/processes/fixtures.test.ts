import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { splitLog } from "../../support/split-log.ts";

const FOLDER = new URL("../../../fixtures/processes/", import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".log.gz"));
const logOf = (name: string) => gunzipSync(readFileSync(new URL(name, FOLDER))).toString("latin1");

/** Lines whose process is not the one of most lines that have the same true process, or the other way round. */
function misplaced(log: string): number {
  const found = new Map<string, number>();
  for (const { process, caller } of splitLog(log)) {
    const pair = `${caller} ${process.index}`;
    found.set(pair, (found.get(pair) ?? 0) + 1);
  }
  const pairs = [...found].map(([pair, lines]) => [...pair.split(" "), lines] as const);
  const largest = (column: 0 | 1, value: string): number =>
    Math.max(...pairs.filter((pair) => pair[column] === value).map(([, , lines]) => Number(lines)));
  return pairs
    .filter(
      ([truth, process, lines]) =>
        Number(lines) < Math.max(largest(0, String(truth)), largest(1, String(process))),
    )
    .reduce((sum, [, , lines]) => sum + Number(lines), 0);
}

describe.each(names)("the processes of %s", (name) => {
  const log = logOf(name);

  it("are those that wrote its lines", () => {
    expect(new Set(splitLog(log).map(({ caller }) => caller)).size).toBeGreaterThan(4);
    expect(misplaced(log)).toBe(0);
  });

  it("are found with pointers cut to 32 bits, too", () => {
    const cut = log.replace(/(?<=[(= ])0x([0-9a-f]{9,})/g, (_, hex) => `0x${hex.slice(-8)}`);
    expect(misplaced(cut)).toBe(0);
  });

  it("are found without times", () => {
    expect(misplaced(log.replace(/ \d\d:\d\d:\d\d\.\d{6} /g, " "))).toBe(0);
  });

  it("are found where the lines state them, whatever the pointers", () => {
    const stated = log.replace(
      /^(\d+) (\S+) \[0x([0-9a-f]+)\]/gm,
      (_, tid, time, hex) =>
        `${Math.floor(Number.parseInt(hex, 16) / 4096)} ${tid} ${time} [0x${hex}]`,
    );
    expect(misplaced(stated)).toBe(0);
  });
});
