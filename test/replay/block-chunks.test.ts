import { describe, expect, it } from "vitest";
import { BlockChunks } from "../../src/replay/block-chunks.ts";
import { Action, ActionBatch } from "../../src/trace/actions.ts";

/** more blocks than the table holds at first */
const MANY = 5000;

const pairsOf = (blocks: BlockChunks) => {
  const pairs: [number, number][] = [];
  blocks.each((block, chunk) => pairs.push([block, chunk]));
  return pairs;
};

describe("the chunks of live blocks", () => {
  it("are those set last, and 0 for others", () => {
    const blocks = new BlockChunks();
    blocks.set(3, 70);
    blocks.set(3, 80);
    expect([blocks.get(3), blocks.get(4), blocks.get(MANY)]).toEqual([80, 0, 0]);
  });

  it("are kept when the table grows", () => {
    const blocks = new BlockChunks();
    blocks.set(3, 70);
    blocks.set(MANY, 90);
    blocks.set(MANY + 1, 100);
    expect(pairsOf(blocks)).toEqual([
      [3, 70],
      [MANY, 90],
      [MANY + 1, 100],
    ]);
  });

  it("are listed without those that the model could not serve", () => {
    const blocks = new BlockChunks();
    blocks.set(3, 70);
    blocks.set(5, 90);
    blocks.set(3, 0);
    expect(pairsOf(blocks)).toEqual([[5, 90]]);
  });

  it.each([10, MANY])("are independent of those of a copy, with block %d", (block) => {
    const blocks = new BlockChunks();
    blocks.set(block, 70);
    const copy = new BlockChunks();
    copy.set(7, 99);
    copy.copy(blocks);
    expect(pairsOf(copy)).toEqual([[block, 70]]);
    copy.set(block, 80);
    blocks.set(block + 1, 90);
    expect([blocks.get(block), copy.get(block + 1)]).toEqual([70, 0]);
  });

  it("stay as they are when their records are brought into the cache", () => {
    const blocks = new BlockChunks();
    blocks.set(1, 70);
    const actions = new ActionBatch();
    actions.action.fill(Action.free, 0, 4);
    // A known block, one without a chunk, one that the table does not reach, and none.
    actions.block.set([1, 2, MANY, -1]);
    const words = new Int32Array(2 ** 16 + 10).fill(80);
    blocks.warm(words, actions, 0, 4);
    expect(pairsOf(blocks)).toEqual([[1, 70]]);
  });
});
