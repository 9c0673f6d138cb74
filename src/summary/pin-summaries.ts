import type { LogResult } from "../pipeline/analysis-result.ts";
import type { PinResult } from "../pipeline/pin-result.ts";
import type { Pin, PinGroup, PinningBlock } from "../report/pin.ts";
import { callerText } from "./allocation-summaries.ts";
import { secondsSinceStart } from "./seconds.ts";

const MAX_GROUPS = 5;

/** Returns what keeps free memory resident at the log's end, those that hold most first. */
export function pinSummaries(result: LogResult, callerNames: readonly string[]): Pin[] {
  const { ledger, model } = result;
  return (model?.pins ?? []).map((pin) => ({
    arena: pin.arena,
    heap: pin.heap,
    block: pin.top === null ? null : pinningBlock(result, pin.top, callerNames),
    blocks: pin.blocks.length,
    blockBytes: pin.blocks.reduce((sum, block) => sum + ledger.blocks.bytesOf(block), 0),
    groups: groupsOf(result, pin.blocks, callerNames),
    cachedChunks: pin.cachedChunks,
    tcacheStructs: pin.tcacheStructs,
    outsideChunks: pin.outsideChunks,
    cachingTids: pin.cachingThreads.map((thread) => ledger.threads.tidOf(thread)),
    heldBytes: pin.heldBytes,
    returnedIfFreedBytes: pin.returnedIfFreedBytes,
    returnedIfUncachedBytes: pin.returnedIfUncachedBytes,
    cachedIfFreed: pin.cachedIfFreed,
    unmergedIfFreed: pin.unmergedIfFreed,
  }));
}

function pinningBlock(
  { ledger }: LogResult,
  { block, address }: NonNullable<PinResult["top"]>,
  callerNames: readonly string[],
): PinningBlock {
  const { blocks, threads, sites } = ledger;
  return {
    line: blocks.lineOf(block),
    address: Number.isNaN(address) ? null : `0x${address.toString(16)}`,
    size: blocks.bytesOf(block),
    tid: threads.tidOf(blocks.ownerOf(block)),
    caller: callerText(sites.callerOf(blocks.siteOf(block)), callerNames),
    time: secondsSinceStart(ledger, blocks.timeOf(block)),
  };
}

/** By thread, caller and size, those of most blocks first. */
function groupsOf(
  { ledger }: LogResult,
  pinning: readonly number[],
  callerNames: readonly string[],
): PinGroup[] {
  const { blocks, sites, threads } = ledger;
  const groups = new Map<string, PinGroup>();
  for (const block of pinning) {
    const tid = threads.tidOf(blocks.ownerOf(block));
    const caller = sites.callerOf(blocks.siteOf(block));
    const size = blocks.bytesOf(block);
    const key = `${tid} ${caller} ${size}`;
    const count = groups.get(key)?.blocks ?? 0;
    groups.set(key, { tid, caller: callerText(caller, callerNames), size, blocks: count + 1 });
  }
  return [...groups.values()].sort((a, b) => b.blocks - a.blocks).slice(0, MAX_GROUPS);
}
