import { expect, it } from "vitest";
import { type Copyable, RecycledRuns } from "../../../src/replay/peak/recycled-runs.ts";

class Run implements Copyable<Run> {
  readonly memoryOf: Run | null;

  constructor(memoryOf: Run | null) {
    this.memoryOf = memoryOf;
  }

  clone(recycled: Run | null): Run {
    return new Run(recycled);
  }
}

it("gives the memory of each run that is no longer used to one copy", () => {
  const runs = new RecycledRuns<Run>();
  const [run, first, second] = [new Run(null), new Run(null), new Run(null)];
  runs.put(first);
  runs.put(second);
  const taken = [runs.copyOf(run), runs.copyOf(run), runs.copyOf(run)].map((one) => one.memoryOf);
  expect(taken).toEqual([second, first, null]);
});
