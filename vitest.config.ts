import { configDefaults, defineConfig } from "vitest/config";
import LongestFirst from "./test/support/longest-first.ts";

/** The end of a test file's name says what it needs; test/README.md has the list. */
const BUILT = "test/**/*.built.test.ts";
const BROWSER = "test/**/*.browser.test.ts";
const SLOW = "test/**/*.{corpus,glibc,package}.test.ts";

/** vi.mock works only on modules that vitest loads. */
const MOCKING = "test/what-if/{contention,small-batches}.test.ts";

// Corpus and differential tests replay millions of calls, also before the first of several tests.
const testTimeout = 120_000;
const limits = { testTimeout, hookTimeout: testTimeout };

const wasm = { globalSetup: ["./test/support/wasm.js"] };
const build = { globalSetup: ["./test/support/build.js"] };

const loadedByNode = {
  setupFiles: ["./test/support/quick.ts", "./test/support/views-equal.ts"],
  // Node imports the sources itself. In those that vitest loads, each use of an import is a getter's call: the model is
  // half as fast.
  experimental: { viteModuleRunner: false, nodeLoader: false },
  execArgv: ["--import", "tsx"],
  // No file leaves anything behind that another could see.
  isolate: false,
};

export default defineConfig({
  test: {
    // vitest leaves one core to itself, which has next to nothing to do.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, BUILT, BROWSER, SLOW, MOCKING],
          ...limits,
          ...wasm,
          ...loadedByNode,
        },
      },
      { test: { name: "mocking", include: [MOCKING], ...limits, ...wasm } },
      { test: { name: "built", include: [BUILT], ...limits, ...build, ...loadedByNode } },
      { test: { name: "slow", include: [SLOW], ...limits, ...build, ...loadedByNode } },
      // Loaded by vitest: functions sent to the browser must not call tsx's helpers.
      { test: { name: "browser", include: [BROWSER], ...limits, ...build } },
    ],
  },
});
