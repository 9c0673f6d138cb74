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
  const { block, blocks, cachedChunks } = pin;
  if (block === null) {
    return cachedChunks > 0 ? cacheSentence(pin, names) : outsideSentence(pin);
  }
  const held = `${size(pin.heldBytes)} of freed memory`;
  const back = ifFreed(pin, names);
  if (blocks > 1) {
    const kinds = kindsText(pin, block, names);
    return `${plural(blocks, "live block")} (${kinds})${alsoCached(pin)} keep ${held} in arena ${pin.arena} resident; ${back}`;
  }
  const one = `one live block of ${blockText(block, names)}`;
  return cachedChunks === 0
    ? `${one}, keeps ${held} below it resident; ${back}`
    : `${one},${alsoCached(pin)} keep ${held} in arena ${pin.arena} resident; ${back}`;
}

function alsoCached({ cachedChunks, cachingTids }: Pin): string {
  const whose = cachingTids.length === 1 ? "a thread's cache" : "the threads' caches";
  return cachedChunks === 0 ? "" : ` and ${plural(cachedChunks, "chunk")} in ${whose}`;
}

function cacheSentence(
  { cachedChunks, cachingTids, heldBytes, ...pin }: Pin,
  names: Named,
): string {
  const unit = byteUnit([heldBytes]);
  const [tid] = cachingTids;
  const whose =
    tid === undefined
      ? "of threads"
      : cachingTids.length === 1
        ? `of ${threadName(tid, names)}`
        : `of ${threadName(tid, names)} and ${cachingTids.length - 1} more`;
  const chunks = `${plural(cachedChunks, "freed chunk")} in the tcache ${whose}`;
  const keep = cachedChunks === 1 ? "keeps" : "keep";
  const below = cachedChunks === 1 ? "below it" : "below them";
  const emptied =
    cachingTids.length === 1
      ? "with that cache empty, as after the thread's end"
      : "with these caches empty, as after the threads' ends";
  return `${chunks} ${keep} ${size(heldBytes, unit)} of freed memory ${below} resident; ${emptied}, ${size(pin.returnedIfUncachedBytes, unit)} would go back`;
}

function outsideSentence({ arena, heldBytes }: Pin): string {
  return `memory from outside the log keeps ${size(heldBytes)} of freed memory in arena ${arena} resident`;
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
    return pin.unmergedIfFreed === 0
      ? first
      : `${first}, since glibc leaves freed blocks this small unmerged for a time (fastbins)`;
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
