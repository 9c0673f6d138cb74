import { expect, it } from "vitest";
import { refuseShortWords, ShortWordsRefused } from "../../src/pipeline/short-words.ts";
import { EventBatch, Op } from "../../src/trace/event.ts";
import { LogFacts } from "../../src/trace/stated/log-facts.ts";

/** Blocks of 12 bytes, 16 bytes apart: 32-bit chunks. */
function shortChunks(count: number): EventBatch {
  const batch = new EventBatch();
  for (let i = 0; i < count; i++) {
    batch.op[i] = Op.malloc;
    batch.size[i] = 12;
    batch.line[i] = i + 1;
    batch.pointerOut[i] = 0x565591b0 + 16 * i;
  }
  batch.length = count;
  return batch;
}

function refusalOf(batch: EventBatch, next: EventBatch | null, arch: string | null): unknown {
  const facts = new LogFacts();
  if (arch !== null) {
    facts.read({ at: 0, line: 1, text: `arch ${arch}` });
  }
  try {
    refuseShortWords(batch, next, facts);
    return null;
  } catch (error) {
    return error instanceof ShortWordsRefused ? error.shown : error;
  }
}

it("refuses a log whose first two batches show a 32-bit process", () => {
  const shown = { line: 2, pointer: 0x565591c0, shows: "spacing" };
  expect(refusalOf(shortChunks(100), null, null)).toEqual(shown);
  expect(refusalOf(shortChunks(1), shortChunks(100), null)).toMatchObject({ shows: "spacing" });
  expect(refusalOf(shortChunks(8), null, null)).toBeNull();
});

it("believes a comment of the log more", () => {
  expect(refusalOf(shortChunks(100), null, "x86_64")).toBeNull();
  expect(() => refuseShortWords(new EventBatch(), null, factsOf("arch i686"))).toThrow(
    ShortWordsRefused,
  );
});

function factsOf(text: string): LogFacts {
  const facts = new LogFacts();
  facts.read({ at: 0, line: 1, text });
  return facts;
}
