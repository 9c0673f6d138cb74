import { Chance } from "./chance.ts";
import { comment, setting } from "./comments.ts";
import { damageLines, toBytes } from "./damage.ts";
import { program } from "./program.ts";
import { recorded } from "./recorded.ts";
import { soup } from "./soup.ts";

/** A log, and how mallog is called on it. */
export interface Input {
  readonly argv: readonly string[];
  readonly bytes: Buffer;
  /** the report is also written in every form of a file */
  readonly isForAllWriters: boolean;
}

/** Makes the input of a seed. */
export function inputOf(seed: number): Input {
  const chance = new Chance(seed);
  const lines = damageLines(chance, linesOf(chance));
  return {
    argv: optionsOf(chance),
    bytes: toBytes(chance, lines),
    isForAllWriters: chance.happens(0.05),
  };
}

function linesOf(chance: Chance): string[] {
  const kind = chance.fraction();
  if (kind < 0.01) {
    // Work that grows faster than the log shows.
    const pattern = soup(chance);
    return chance.times(Math.ceil(4000 / pattern.length), () => pattern).flat();
  }
  if (kind < 0.5) {
    return soup(chance);
  }
  if (kind < 0.7) {
    return program(chance);
  }
  if (kind < 0.9) {
    return recorded(chance);
  }
  if (kind < 0.95) {
    return chance.times(chance.below(30), () => comment(chance, [2 ** 40]));
  }
  return chance.times(chance.below(10), () =>
    Buffer.from(chance.times(chance.below(100), () => chance.below(256))).toString("latin1"),
  );
}

const VERSIONS = [
  "2.17",
  "2.23",
  "2.27",
  "2.31",
  "2.36",
  "2.38-tag",
  "2.39",
  "2.42",
  "2.43",
  "2.44",
];
const FORMS = [
  ["--json"],
  ["--json"],
  ["--json"],
  [],
  ["--csv"],
  ["--plain"],
  ["--ndjson"],
  ["--plot"],
  ["-q"],
];

function optionsOf(chance: Chance): string[] {
  const argv: string[] = [];
  const add = (probability: number, ...words: string[]): void => {
    if (chance.happens(probability)) {
      argv.push(...words);
    }
  };
  const settings = (): string => chance.times(1 + chance.below(2), () => setting(chance)).join(",");
  if (chance.happens(0.2)) {
    argv.push("--no-model");
  } else {
    // Most runs name a version: all versions side by side take ten times as long.
    add(0.85, "--glibc", chance.pick(VERSIONS));
    add(0.3, "--no-what-if");
    add(0.1, "--recorded-with", settings());
    add(0.1, "--what-if", settings());
    add(
      0.05,
      "--what-if",
      chance.pick(["malloc_trim=end", "malloc_trim=1s", "glibc=2.23", "cpus=1", settings()]),
    );
    add(0.05, "--cpus", chance.pick(["1", "64", "99999"]));
    add(0.1, "--thp", chance.pick(["always", "madvise", "never"]));
    const touch = chance.pick(["all", "none", "facts", "0.3", "0", "1", "0.0001"]);
    argv.push(
      ...chance.pick([
        [],
        [],
        ["--touch", touch],
        ["--observed-rss", chance.pick(["1", "40MiB", "1TiB"])],
      ]),
    );
    add(0.05, "--container-limit", chance.pick(["1", "64MiB", "8192PiB"]));
  }
  add(0.2, "--sort", chance.pick(["live", "-peak", "tid", "calls", "pinned"]));
  add(0.2, "--top", chance.pick(["0", "1", "1000"]));
  return [...argv, ...chance.pick(FORMS)];
}
