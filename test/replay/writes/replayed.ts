import { modelFor } from "../../../src/replay/recorded-process.ts";
import { Replay } from "../../../src/replay/replay.ts";
import { Holes } from "../../../src/replay/writes/holes.ts";
import { Touch, TouchBatch, type TouchPolicy } from "../../../src/replay/writes/touch.ts";
import { ActionBatch } from "../../../src/trace/actions.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { resolve } from "../../support/event-batches.ts";
import { batchesOf, originOf } from "../../support/prepared-log.ts";

/** The state behind the log's last line, under glibc 2.36. */
export function replayed(policy: TouchPolicy, lines: readonly string[]) {
  const [ledger, touch, holes] = [new Ledger(), new Touch(policy), new Holes()];
  const [actions, touched] = [new ActionBatch(), new TouchBatch()];
  const replay = new Replay(modelFor(originOf("2.36"), null));
  for (const batch of batchesOf(lines)) {
    resolve({ ledger, batch, actions, next: null });
    touch.fill(batch, actions, touched);
    const work = { batch, actions, touch: touched };
    if (holes.concerns(batch.notes)) {
      holes.follow(work, batch.notes, new Map(), ledger);
    }
    replay.run(work, 0, batch.length);
  }
  return { replay, ledger, touch, holes };
}
