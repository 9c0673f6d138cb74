import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["./test/support/build.ts"],
    // Corpus and differential tests replay millions of calls.
    testTimeout: 120_000,
    // vitest leaves one core to itself, which has next to nothing to do.
    maxWorkers: 2,
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
