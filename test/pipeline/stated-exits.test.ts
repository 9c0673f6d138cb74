import { expect, it } from "vitest";
import { analyse, UNKNOWN_PROCESS } from "../support/corpus.ts";

/** Three threads and two arenas. The third one found the main arena locked, and took that of the second (§6.1). */
const SHARED = [
  "# glibc 2.36",
  "# cpus 2",
  "# setting MALLOC_ARENA_MAX=2",
  "# heap 0x555555559000",
  "1 malloc(100) = 0x5555555592a0",
  "2 malloc(100) = 0x7f0000000b70",
  "3 malloc(100) = 0x7f0000000e70",
  "3 malloc(100) = 0x7f0000000ee0",
  "2 malloc(100) = 0x7f0000000f50",
];

const inferredOf = (...lines: readonly string[]) => {
  const { model } = analyse(Buffer.from([...lines, ...SHARED, ""].join("\n")), UNKNOWN_PROCESS);
  const { threadExits = 0, arenaChoices = 0 } = model?.inferred ?? {};
  return {
    threadExits,
    arenaChoices,
    unequal: (model?.fidelity.compared ?? 0) - (model?.fidelity.equal ?? 0),
  };
};

it("takes an arena in use for shared, where the hook would have logged the end of the thread that uses it", () => {
  expect(inferredOf("# hook mallog 1")).toEqual({ threadExits: 0, arenaChoices: 1, unequal: 1 });
  // Another hook may not log ends: the second thread may have ended.
  expect(inferredOf("# hook other 1")).not.toMatchObject({ arenaChoices: 1 });
});
