import { describe, expect, it } from "vitest";
import type { Pin } from "../../src/report/contract/report.ts";
import { PinWords } from "../../src/report/html/pin-words.ts";
import { report, thread } from "../support/report-builder.ts";

const ALONE: Pin = {
  arena: 0,
  heap: 0,
  block: {
    line: 1234,
    address: null,
    size: 48,
    tid: 7,
    caller: null,
    time: null,
    ageSeconds: null,
    ageEvents: 0,
  },
  blocks: 1,
  blockBytes: 48,
  groups: [],
  cachedChunks: 0,
  tcacheStructs: 0,
  fastbinChunks: 0,
  outsideChunks: 0,
  cachingTids: [],
  heldBytes: 96 * 1024,
  wholePageBytes: 0,
  returnedIfFreedBytes: 0,
  returnedIfUncachedBytes: 0,
  returnedIfMergedBytes: 0,
  cachedIfFreed: 0,
  unmergedIfFreed: 0,
};

function words(given: Partial<Pin> = {}): string {
  return new PinWords(report({ threads: [thread(7)] })).of({ ...ALONE, ...given });
}

const BLOCK = "48 B, allocated in line 1,234 by thread 7";
const HELD = "96 KiB of freed memory resident";

describe("the words for a pin", () => {
  it("name all that keeps memory beside the topmost block", () => {
    expect(words()).toBe(`${BLOCK}; it keeps ${HELD}`);
    expect(words({ blocks: 2 })).toBe(`${BLOCK}; with 1 other live block it keeps ${HELD}`);
    expect(words({ cachedChunks: 1 })).toBe(`${BLOCK}; with 1 chunk in caches it keeps ${HELD}`);
    expect(words({ blocks: 61, cachedChunks: 2, outsideChunks: 1 })).toBe(
      `${BLOCK}; with 60 other live blocks and 2 chunks in caches and 1 chunk from outside the log it keeps ${HELD}`,
    );
  });

  it("say where chunks are, if no block is live", () => {
    const none = { block: null, blocks: 0, heap: null };
    expect(words({ ...none, cachedChunks: 5 })).toBe(
      `no live block: 5 chunks in caches keep ${HELD}`,
    );
    expect(words({ ...none, fastbinChunks: 1 })).toBe(
      `no live block: 1 freed chunk in fastbins keeps ${HELD}`,
    );
    expect(words({ ...none, outsideChunks: 1 })).toBe(
      `no live block: 1 chunk from outside the log keeps ${HELD}`,
    );
  });
});
