import { expect, it } from "vitest";
import { RecycledReplays } from "../../../src/recorded/explain/recycled-replays.ts";
import { guidedReplay, originOf } from "../../support/prepared-log.ts";

const replayOf = () => guidedReplay(originOf("2.36"));

it("a copy takes the memory of the replay put last; two are kept at most, and none once they are cleared", () => {
  const recycled = new RecycledReplays();
  const replays = [replayOf(), replayOf(), replayOf()];
  for (const replay of replays) {
    recycled.put(replay);
  }
  const memory = replays.map(({ model }) => model.core.instance);
  const copies = replays.map(() => recycled.copyOf(replayOf()));
  expect(copies.map(({ model }) => memory.indexOf(model.core.instance))).toEqual([1, 0, -1]);
  recycled.put(replays[2]!);
  recycled.clear();
  expect(recycled.copyOf(replayOf()).model.core.instance).not.toBe(memory[2]);
});
