import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { LEDGER_PASSES } from "../../src/pipeline/passes.ts";
import { Touch, TouchBatch } from "../../src/replay/writes/touch.ts";
import { ActionBatch } from "../../src/trace/actions.ts";
import { EventBatch } from "../../src/trace/event.ts";
import { Ledger } from "../../src/trace/ledger/ledger.ts";
import { scanChunks } from "../support/collect.ts";
import { compareCopy } from "../support/compare-copy.ts";
import { OWN_CORPUS } from "../support/corpus.ts";
import { inBatches } from "../support/event-batches.ts";
import { bytesOf } from "../support/state-bytes.ts";

const RULES = {
  skipped: new Set([
    // Hold for one batch.
    "Resolver.#next",
    "Resolver.failed",
    // Memory that is compared by its image.
    "LedgerCore.#instance",
    "LedgerCore.#image",
    // Beyond the last point stand words that a finer series left there.
    "Points.#values",
    // A function.
    "Points.#merge",
    // Looks into the table of its own resolver.
    "LineOrder.#isLive",
  ]),
  shared: new Set([
    // The instances of this thread.
    "LedgerCore.#pool",
    "RowSeries.#points[]",
    "SiteSeries.#samples[]",
    "LedgerCore.#limits",
    "Touch.#policy",
    "KnownFacts.#bySize[].facts[].fact",
    "KnownFacts.#powersOfTwo[].known.fact",
    "KnownCallers.#sizes",
  ]),
};

/** A hook without a lock, cut pointers, many threads: every part of the ledger has something to copy. */
const LOGS = ["hookb-cpp-async-s-g236", "synth-small-trunc32-g236", "jvm-boot-g244"];

test.each(LOGS)(
  "a copy of the ledger has all that the original has, and goes on alone: %s",
  async (name) => {
    const log = gunzipSync(readFileSync(join(OWN_CORPUS, name, "trace.log.gz")));
    const { events } = await scanChunks([log.subarray(0, log.lastIndexOf("\n", 2_500_000) + 1)]);
    const batches = [...inBatches(events)];
    const ledger = new Ledger();
    ledger.pointersMayBeCut = name.includes("trunc32");
    const touch = new Touch("facts");
    const actions = new ActionBatch();
    const feed = (to: Ledger, written: Touch, from: EventBatch, next: EventBatch | null): void => {
      for (const pass of LEDGER_PASSES) {
        pass.run({ batch: from, next, actions, ledger: to });
      }
      written.fill(from, actions, new TouchBatch());
    };
    const middle = batches.length >> 1;
    for (let n = 0; n < middle; n++) {
      feed(ledger, touch, batches[n]!, batches[n + 1] ?? null);
    }
    const copy = new Ledger();
    copy.copy(ledger);
    const touchCopy = new Touch("facts");
    touchCopy.copy(touch);
    expect(compareCopy(ledger, copy, RULES)).toEqual([]);
    expect(bytesOf(copy.image()).equals(bytesOf(ledger.image()))).toBe(true);
    expect(compareCopy(touch, touchCopy, RULES)).toEqual([]);
    const before = ledger.threads.rows();
    for (let n = middle; n < batches.length; n++) {
      const [batch, next] = [batches[n]!, batches[n + 1] ?? null].map((one) => {
        const own = new EventBatch();
        own.copy(one ?? own, one?.length ?? 0);
        return own;
      });
      feed(copy, touchCopy, batch!, next!);
    }
    expect(ledger.threads.rows()).toEqual(before);
    for (let n = middle; n < batches.length; n++) {
      feed(ledger, touch, batches[n]!, batches[n + 1] ?? null);
    }
    expect(compareCopy(ledger, copy, RULES)).toEqual([]);
    expect(bytesOf(copy.image()).equals(bytesOf(ledger.image()))).toBe(true);
  },
);
