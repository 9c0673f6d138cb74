import { byteUnit, exact, plural, size } from "../report/format.ts";
import type { Pin, PinGroup, PinningBlock } from "../report/report.ts";
import { callerName, type Named, threadName } from "./names.ts";

/** Freeing the blocks gives back most of what is held. */
const MOST_OF_IT = 0.9;
/** Emptied caches give back so much more that it is worth a word. */
const NOTABLE_BYTES = 1024 * 1024;
/** A group with a smaller part of the blocks says little about them. */
const NOTABLE_GROUP = 0.1;

/** What keeps an arena's free memory resident, without a full stop. */
export function pinSentence(pin: Pin, names: Named): string {
  const { block, blocks, cachedChunks, outsideChunks } = pin;
  const held = `${size(pin.heldBytes)} of freed memory`;
  const inArena = `in arena ${pin.arena} resident`;
  if (block === null) {
    return cachedChunks > 0 ? cacheSentence(pin, names) : `${OUTSIDE} keeps ${held} ${inArena}`;
  }
  const back = ifFreed(pin, names);
  const others = [
    ...(cachedChunks === 0 ? [] : [cachesText(pin)]),
    ...(outsideChunks === 0 ? [] : [OUTSIDE]),
  ];
  const one = `one live block of ${blockText(block, names)}`;
  if (blocks === 1 && others.length === 0) {
    return `${one}, keeps ${held} below it resident; ${back}`;
  }
  const several = `${plural(blocks, "live block")} (${kindsText(pin, block, names)})`;
  const also = others.map((other) => ` and ${other}`).join("");
  return `${blocks === 1 ? `${one},` : several}${also} keep ${held} ${inArena}; ${back}`;
}

const OUTSIDE = "memory from outside the log";

function cachesText({ cachedChunks, cachingTids }: Pin): string {
  const whose = cachingTids.length === 1 ? "a thread's cache" : "the threads' caches";
  return `${plural(cachedChunks, "chunk")} of ${whose}`;
}

function cacheSentence(pin: Pin, names: Named): string {
  const { cachedChunks, tcacheStructs, outsideChunks, cachingTids, heldBytes } = pin;
  const unit = byteUnit([heldBytes]);
  const [tid] = cachingTids;
  const others = cachingTids.length - 1;
  const whose =
    tid === undefined
      ? "of threads"
      : `of ${threadName(tid, names)}${others > 0 ? ` and ${others} more` : ""}`;
  const freed = cachedChunks - tcacheStructs;
  const parts = [
    ...(freed === 0 ? [] : [`${plural(freed, "freed chunk")} in the tcache`]),
    ...(tcacheStructs === 0 ? [] : [tcacheStructs === 1 ? "the table" : "the tables"]),
  ];
  const tables = tcacheStructs === 0 ? "" : " (tcache_perthread_struct)";
  const tcache = freed === 0 ? " of the tcache" : "";
  const outside = outsideChunks === 0 ? "" : ` and ${OUTSIDE}`;
  const [keep, below] =
    cachedChunks + outsideChunks === 1 ? ["keeps", "below it"] : ["keep", "below them"];
  const emptied =
    others === 0
      ? "with that cache empty, as after the thread's end"
      : "with these caches empty, as after the threads' ends";
  return `${parts.join(" and ")}${tables}${tcache} ${whose}${outside} ${keep} ${size(heldBytes, unit)} of freed memory ${below} resident; ${emptied}, ${size(pin.returnedIfUncachedBytes, unit)} would go back`;
}

/** What would go back to the system, as computed on a copy of the model. */
function ifFreed(
  { blocks, heldBytes, returnedIfFreedBytes: freed, ...pin }: Pin,
  { trace }: Named,
): string {
  const unit = byteUnit([heldBytes]);
  const subject = blocks === 1 ? "freeing it" : "freeing them";
  if (freed >= MOST_OF_IT * heldBytes) {
    return `${subject} would give ${size(freed, unit)} back`;
  }
  const without = pin.returnedIfUncachedBytes;
  const first = `${subject} would give back ${freed === 0 ? "nothing" : `only ${size(freed, unit)}`} at once`;
  const areCached = pin.cachedChunks + pin.cachedIfFreed > 0;
  if (!areCached || without - freed < NOTABLE_BYTES) {
    const small =
      pin.unmergedIfFreed < blocks ? "the small ones of them" : "freed blocks this small";
    return pin.unmergedIfFreed === 0
      ? first
      : `${first}, since glibc leaves ${small} unmerged for a time (fastbins)`;
  }
  const [caches, these] =
    trace.threads > 1 ? ["the threads' caches", "these"] : ["the thread's cache", "that"];
  return `${first}, since ${caches} would keep it; with ${these} emptied, ${size(without, unit)}`;
}

/** What the blocks are: their largest group if it says much about them, else the topmost of them. */
function kindsText({ blocks, groups }: Pin, topmost: PinningBlock, names: Named): string {
  const [largest] = groups;
  if (largest === undefined || largest.blocks < NOTABLE_GROUP * blocks) {
    return `the topmost: ${blockText(topmost, names)}`;
  }
  return `${largest.blocks * 2 > blocks ? "most" : "among them"}: ${groupText(largest, names)}`;
}

function blockText({ size: bytes, line, tid, caller }: PinningBlock, names: Named): string {
  return `${size(bytes)}, allocated in line ${exact(line)}${by(tid, caller, names)}`;
}

function groupText({ blocks, size: bytes, tid, caller }: PinGroup, names: Named): string {
  return `${exact(blocks)} × ${size(bytes)}${by(tid, caller, names)}`;
}

function by(tid: number, caller: string | null, names: Named): string {
  const thread = names.trace.threads > 1 ? ` by ${threadName(tid, names)}` : "";
  return caller === null ? thread : `${thread} at ${callerName(caller, names)}`;
}
