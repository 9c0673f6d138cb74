import { configDefaults, defineConfig } from "vitest/config";
import LongestFirst from "./test/support/longest-first.ts";

/** vi.mock needs modules that vitest loads itself; and a function that goes to the browser may not call tsx's helpers. */
const LOADED_BY_VITEST = ["test/what-if/contention.test.ts", "test/browser/page.test.ts"];

// Corpus and differential tests replay millions of calls.
const testTimeout = 120_000;

export default defineConfig({
  test: {
    // vitest leaves one core to itself, which has next to nothing to do.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...LOADED_BY_VITEST],
          globalSetup: ["./test/support/build.js"],
          testTimeout,
          // Node imports the sources itself. In those that vitest loads, each use of an import is a getter's call: the
          // model is half as fast.
          experimental: { viteModuleRunner: false, nodeLoader: false },
          execArgv: ["--import", "tsx"],
          // No file leaves anything behind that another could see.
          isolate: false,
        },
      },
      { test: { name: "vitest", include: LOADED_BY_VITEST, testTimeout } },
    ],
  },
});
