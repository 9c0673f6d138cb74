import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Corpus and differential tests replay millions of calls.
    testTimeout: 120_000,
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
