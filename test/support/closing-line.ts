import type { Reporter, TestModule } from "vitest/node";

/** Prints the counts as the last line of a run: "N passed, N failed, N skipped". */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      if (module.children.size === 0 && module.state() === "failed") {
        counts.failed++;
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== "pending") {
          counts[state]++;
        }
      }
    }
    // After the default reporter's summary, which is written in the same turn.
    process.once("exit", () => {
      console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    });
  }
}
