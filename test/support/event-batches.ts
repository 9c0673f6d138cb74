import { LEDGER_PASSES, type LedgerStage } from "../../src/pipeline/passes.ts";
import { ActionBatch, LOST_FREE } from "../../src/trace/actions.ts";
import { EVENTS_PER_BATCH } from "../../src/trace/columns.ts";
import { EventBatch } from "../../src/trace/event.ts";
import type { Ledger } from "../../src/trace/ledger/ledger.ts";
import type { PlainEvent } from "./naive-ledger.ts";

/** Events as a decoder would deliver them, in batches of at most `perBatch`. */
export function* inBatches(events: readonly PlainEvent[], perBatch = EVENTS_PER_BATCH) {
  for (let from = 0; from < events.length; from += perBatch) {
    const batch = new EventBatch();
    for (const event of events.slice(from, from + perBatch)) {
      const i = batch.length++;
      batch.op[i] = event.op;
      batch.tid[i] = event.tid ?? 0;
      batch.time[i] = event.time ?? Number.NaN;
      batch.caller[i] = event.caller ?? 0;
      batch.size[i] = event.size ?? 0;
      batch.align[i] = event.align ?? 0;
      batch.pointerIn[i] = event.pointerIn ?? 0;
      batch.pointerOut[i] = event.pointerOut ?? 0;
      batch.line[i] = from + i + 1;
    }
    yield batch;
  }
}

/** A row of an ActionBatch, with the 1-based line of its event; `lost` is −1 where it does not apply. */
export interface PlainAction {
  line: number;
  action: number;
  thread: number;
  block: number;
  lost: number;
  oldSize: number;
}

/** Takes a batch through all steps of the ledger. */
export function resolve(stage: LedgerStage): void {
  for (const pass of LEDGER_PASSES) {
    pass.run(stage);
  }
}

/** Feeds all events to the ledger; returns its actions, in the order in which it took the lines. */
export function resolveAll(
  ledger: Ledger,
  events: readonly PlainEvent[],
  perBatch?: number,
): PlainAction[] {
  const out = new ActionBatch();
  const actions: PlainAction[] = [];
  const batches = [...inBatches(events, perBatch)];
  for (const [n, batch] of batches.entries()) {
    resolve({ ledger, batch, actions: out, next: batches[n + 1] ?? null });
    for (let i = 0; i < batch.length; i++) {
      const action = out.action[i]!;
      const lost = action & LOST_FREE ? out.lost[i]! : -1;
      const [thread, block, oldSize] = [out.thread[i]!, out.block[i]!, out.oldSize[i]!];
      actions.push({ line: batch.line[i]!, action, thread, block, lost, oldSize });
    }
  }
  return actions;
}

/** The events in the order in which the ledger took them. */
export function inOrder(
  events: readonly PlainEvent[],
  actions: readonly Pick<PlainAction, "line">[],
): PlainEvent[] {
  return actions.map(({ line }) => events[line - 1]!);
}
