import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { problemWith } from "./check.ts";

const FOLDER = fileURLToPath(new URL("../../fixtures/hostile", import.meta.url));
const LOGS = readdirSync(FOLDER).filter((name) => name.endsWith(".log"));

/** mmap thresholds below the size of the tcache struct, and other settings that are possible but odd. */
const OPTIONS = [
  [],
  ["--glibc", "2.36", "--touch", "0.3"],
  ["--what-if", "MALLOC_MMAP_THRESHOLD_=128,MALLOC_ARENA_MAX=1"],
  ["--recorded-with", "MALLOC_MMAP_THRESHOLD_=0"],
  ["--recorded-with", "MALLOC_MMAP_THRESHOLD_=4294967296"],
  ["--recorded-with", "MALLOC_MMAP_MAX_=0,MALLOC_TOP_PAD_=140737488355328"],
  ["--recorded-with", "glibc.malloc.tcache_max=0,MALLOC_PERTURB_=1"],
  ["--thp", "always", "--glibc", "2.44"],
];

describe.each(LOGS)("%s", (name) => {
  it.each(OPTIONS.map((argv) => [argv.join(" "), argv] as const))(
    "gives a report: %s",
    async (_, argv) => {
      const bytes = readFileSync(join(FOLDER, name));
      const input = {
        argv: [...argv, "--json"],
        bytes,
        files: [],
        isForAllWriters: true,
        diff: null,
      };
      expect(await problemWith(input)).toBeNull();
    },
  );
});
