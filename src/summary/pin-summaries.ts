import type { LogResult } from "../pipeline/analysis-result.ts";
import type { PinResult } from "../pipeline/pin-result.ts";
import type { Pin, PinGroup, PinningBlock } from "../report/contract/pin.ts";
import { callerText } from "./allocation-summaries.ts";
import { secondsBetween, secondsSinceStart } from "./seconds.ts";

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
    fastbinChunks: pin.fastbinChunks,
    outsideChunks: pin.outsideChunks,
    cachingTids: pin.cachingThreads.map((thread) => ledger.threads.tidOf(thread)),
    heldBytes: pin.heldBytes,
    wholePageBytes: pin.wholePageBytes,
    returnedIfFreedBytes: pin.returnedIfFreedBytes,
    returnedIfUncachedBytes: pin.returnedIfUncachedBytes,
    returnedIfMergedBytes: pin.returnedIfMergedBytes,
    cachedIfFreed: pin.cachedIfFreed,
    unmergedIfFreed: pin.unmergedIfFreed,
  }));
}

function pinningBlock(
  { ledger }: LogResult,
  { block, address }: NonNullable<PinResult["top"]>,
  callerNames: readonly string[],
): PinningBlock {
  const { blocks, threads, sites, clock } = ledger;
  const time = blocks.timeOf(block);
  return {
    line: blocks.lineOf(block),
    address: Number.isNaN(address) ? null : `0x${address.toString(16)}`,
    size: blocks.bytesOf(block),
    tid: threads.tidOf(blocks.ownerOf(block)),
    caller: callerText(sites.callerOf(blocks.siteOf(block)), callerNames),
    time: secondsSinceStart(ledger, time),
    ageSeconds: secondsBetween(time, clock.greatest),
    ageEvents: (ledger.events - 1 - blocks.eventOf(block)) >>> 0,
  };
}

/** By thread, caller and size, those of most blocks first. There may be many blocks: text is made of the first groups only. */
function groupsOf(
  { ledger }: LogResult,
  pinning: readonly number[],
  callerNames: readonly string[],
): PinGroup[] {
  const { blocks, sites, threads } = ledger;
  const byCaller = new Map<number, Map<number, Map<number, Counted>>>();
  const groups: Counted[] = [];
  for (const block of pinning) {
    const caller = sites.callerOf(blocks.siteOf(block));
    const size = blocks.bytesOf(block);
    const thread = blocks.ownerOf(block);
    const bySize = entryOf(byCaller, caller, () => new Map<number, Map<number, Counted>>());
    const byThread = entryOf(bySize, size, () => new Map<number, Counted>());
    const group = entryOf(byThread, thread, () => {
      const added = { thread, caller, size, blocks: 0 };
      groups.push(added);
      return added;
    });
    group.blocks++;
  }
  return groups
    .sort((a, b) => b.blocks - a.blocks)
    .slice(0, MAX_GROUPS)
    .map(({ thread, caller, size, blocks: count }) => ({
      tid: threads.tidOf(thread),
      caller: callerText(caller, callerNames),
      size,
      blocks: count,
    }));
}

interface Counted {
  readonly thread: number;
  readonly caller: number;
  readonly size: number;
  blocks: number;
}

/** The entry of a key, which is added if there is none. */
function entryOf<V>(map: Map<number, V>, key: number, added: () => V): V {
  const present = map.get(key);
  if (present !== undefined) {
    return present;
  }
  const value = added();
  map.set(key, value);
  return value;
}
