import type { Chance } from "./chance.ts";
import { setting } from "./comments.ts";
import { size } from "./numbers.ts";

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
const CHECK_FORMS = [[], [], ["--json"], ["-q"]];

/** Options of a run. `isCheap`: one replay at most, as a run of all versions takes ten times as long. */
export function analysisOptions(chance: Chance, isCheap: boolean): string[] {
  return [...modelOptions(chance, isCheap), ...sorting(chance), ...chance.pick(FORMS)];
}

/** `check`, with budgets. */
export function checkOptions(chance: Chance, isCheap: boolean): string[] {
  return [
    "check",
    ...modelOptions(chance, isCheap),
    ...sorting(chance),
    ...budgets(chance, 1 + chance.below(3)),
    ...(chance.happens(0.1) ? ["--allow-failure"] : []),
    ...(chance.happens(0.2) ? ["--allow-unreliable"] : []),
    ...chance.pick(CHECK_FORMS),
  ];
}

/** Options of `diff`, which follow its two reports. */
export function diffOptions(chance: Chance): string[] {
  return [
    ...budgets(chance, chance.below(3)),
    ...(chance.happens(0.3) ? ["--allow-unreliable"] : []),
    ...(chance.happens(0.3) ? ["--top", chance.pick(["0", "1"])] : []),
    ...chance.pick(CHECK_FORMS),
  ];
}

const KEYS = [
  "rss",
  "peak-rss",
  "live",
  "peak-live",
  "fragmentation",
  "leaked-blocks",
  "arenas",
  "volume",
  "calls",
  "trace.events",
  "model.fidelity.ratio",
  "scenarios.0.rss.endBytes",
  "rss@MALLOC_ARENA_MAX=1",
  "live@nothing",
  "thread:1.volume",
  "thread:main.live",
  "thread:\u001b[31m.calls",
  "trace.constructor",
  "__proto__.x",
  "::error::x",
];
const LIMITS = [
  "1",
  "0",
  "900MiB",
  "1.5GB",
  "5%",
  "+5%",
  "+1MiB",
  "-1",
  "1e3",
  "9".repeat(30),
  "x",
];

function budgets(chance: Chance, count: number): string[] {
  return chance
    .times(count, () => {
      const limit = chance.happens(0.2) ? size(chance) : chance.pick(LIMITS);
      return ["--budget", `${chance.pick(KEYS)}${chance.pick(["<=", "<", ">=", ">"])}${limit}`];
    })
    .flat();
}

function sorting(chance: Chance): string[] {
  const keys = ["live", "-peak", "tid", "calls", "pinned"];
  return [
    ...(chance.happens(0.2) ? ["--sort", chance.pick(keys)] : []),
    ...(chance.happens(0.3) ? ["--by", chance.pick(["caller", "size", "arena", "x"])] : []),
    ...(chance.happens(0.2) ? ["--top", chance.pick(["0", "1", "1000"])] : []),
  ];
}

function modelOptions(chance: Chance, isCheap: boolean): string[] {
  const process = chance.happens(0.06) ? ["--process", chance.pick(PROCESSES)] : [];
  return [...process, ...replayOptions(chance, isCheap)];
}

const PROCESSES = ["all", "1", "2", "4000", "#1", "0", "x", "\u001b[31m"];

function replayOptions(chance: Chance, isCheap: boolean): string[] {
  if (chance.happens(isCheap ? 0.5 : 0.2)) {
    return ["--no-model"];
  }
  const argv: string[] = [];
  const add = (probability: number, ...words: string[]): void => {
    if (chance.happens(probability)) {
      argv.push(...words);
    }
  };
  const settings = (): string => chance.times(1 + chance.below(2), () => setting(chance)).join(",");
  // Most runs name a version: all versions side by side take ten times as long.
  add(isCheap ? 1 : 0.85, "--glibc", chance.pick(VERSIONS));
  if (isCheap || chance.happens(0.3)) {
    argv.push("--no-what-if");
  }
  add(0.1, "--recorded-with", settings());
  add(0.1, "--what-if", settings());
  const own = [
    "malloc_trim=end",
    "malloc_trim=1s",
    "malloc_trim=0.000001s",
    "glibc=2.23",
    "cpus=1",
  ];
  add(0.05, "--what-if", chance.pick([...own, settings()]));
  add(0.05, "--cpus", chance.pick(["1", "64", "8192", "99999"]));
  add(0.1, "--thp", chance.pick(["always", "madvise", "never"]));
  const touch = chance.pick(["all", "none", "facts", "0.3", "0", "1", "0.0001"]);
  const observed = chance.pick(["1", "40MiB", "1TiB", "8000TiB"]);
  argv.push(...chance.pick([[], [], ["--touch", touch], ["--observed-rss", observed]]));
  add(0.05, "--container-limit", chance.pick(["1", "64MiB", "8000TiB", "99999999999999999999"]));
  add(0.05, "--base-rss", chance.pick(["0", "64MiB", "8000TiB", "-1"]));
  return argv;
}
