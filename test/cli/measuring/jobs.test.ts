import { expect, test } from "vitest";
import { jobsFor, otherVersions } from "../../../src/cli/measuring/jobs.ts";
import type { ScenarioSpec } from "../../../src/replay/scenario-spec.ts";

const TRIAL: ScenarioSpec = {
  name: "MALLOC_MMAP_THRESHOLD_=65536",
  settings: { MALLOC_MMAP_THRESHOLD_: "65536" },
  trim: "never",
  glibc: null,
  cpus: null,
  trial: true,
};
const own = { loader: null, glibc: "2.36" };

test("what is measured under another version is predicted for it, whether it helps there or not", () => {
  const jobs = jobsFor([], [TRIAL], own, () => "");
  expect(otherVersions(jobs, "2.36")).toEqual([]);
  const { trial: _, ...asked } = TRIAL;
  expect(otherVersions(jobs, "2.23")).toEqual([
    expect.objectContaining({ name: "glibc=2.36", glibc: "2.36" }),
    { ...asked, name: "MALLOC_MMAP_THRESHOLD_=65536,glibc=2.36", glibc: "2.36" },
  ]);
});

test("other glibcs and allocators come last, each with its own version", () => {
  const loader = "/opt/ld.so";
  const jobs = jobsFor(
    [
      { kind: "allocator", name: "jemalloc", library: "/lib/jemalloc.so" },
      { kind: "settings", spec: TRIAL, loader },
      { kind: "settings", spec: TRIAL, loader: null },
    ],
    [TRIAL],
    own,
    () => "2.41",
  );
  expect(jobs.map(({ name, glibc }) => [name, glibc])).toEqual([
    ["as recorded", "2.36"],
    [TRIAL.name, "2.36"],
    ["jemalloc", "2.36"],
    [`glibc=2.41,${TRIAL.name}`, "2.41"],
  ]);
});
