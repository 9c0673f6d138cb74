import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Differential and corpus tests replay millions of calls; each states its own limit where it needs more.
    testTimeout: 60_000,
  },
});
