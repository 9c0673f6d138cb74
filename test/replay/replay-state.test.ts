import { expect, it } from "vitest";
import { REPLAY_FIELDS } from "../../src/replay/replay-state.ts";
import { fieldsOf } from "../support/core-fields.ts";

it("the state of a replay is read where the core keeps it", () => {
  expect(Object.entries(REPLAY_FIELDS)).toEqual(fieldsOf("replay/core/state.ts", "ReplayState"));
});
