import { expect, it } from "vitest";
import { eachBlockChunk } from "../../src/replay/block-chunks.ts";
import { process } from "../support/model-driver.ts";

it("every block that has a chunk is visited, whatever its number, also in a copy", () => {
  const { m } = process("2.36");
  for (const block of [0, 1023, 1024, 70_000]) {
    m.core.calls.setChunk(block, block + 8);
  }
  m.core.calls.setChunk(1023, 0);
  for (const one of [m, m.clone()]) {
    const found: [number, number][] = [];
    eachBlockChunk(one, (block, chunk) => found.push([block, chunk]));
    expect(found).toEqual([
      [0, 8],
      [1024, 1032],
      [70_000, 70_008],
    ]);
    expect([one.core.calls.chunkOf(1023), one.core.calls.chunkOf(500_000)]).toEqual([0, 0]);
  }
});
