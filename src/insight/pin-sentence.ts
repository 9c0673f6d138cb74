import { byteUnit, exact, plural, size } from "../report/format.ts";
import type { Pin, PinGroup } from "../report/report.ts";
import { callerName, type Named, threadName } from "./names.ts";

/** Freeing the blocks gives back most of what is held. */
const MOST_OF_IT = 0.9;
/** Emptied caches give back so much more that it is worth a word. */
const NOTABLE_BYTES = 1024 * 1024;

/** What keeps an arena's free memory resident, without a full stop. */
export function pinSentence(pin: Pin, names: Named): string {
  const { block, blocks, cachedChunks } = pin;
  if (block === null) {
    return cachedChunks > 0 ? cacheSentence(pin, names) : outsideSentence(pin);
  }
  const held = size(pin.heldBytes);
  if (blocks === 1 && cachedChunks === 0) {
    const at = `allocated in line ${exact(block.line)}${by(block.tid, block.caller, names)}`;
    return `one live block of ${size(block.size)}, ${at}, keeps ${held} of freed memory below it resident; ${ifFreed(pin)}`;
  }
  const [most] = pin.groups;
  const kinds = most === undefined ? "" : ` (most: ${groupText(most, names)})`;
  const caches =
    cachedChunks === 0 ? "" : ` and ${plural(cachedChunks, "chunk")} in the threads' caches`;
  return `${plural(blocks, "live block")}${kinds}${caches} keep ${held} of freed memory in arena ${pin.arena} resident; ${ifFreed(pin)}`;
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
  return `${chunks} ${keep} ${size(heldBytes, unit)} of freed memory below resident; with that cache empty, as after the thread's end, ${size(pin.returnedIfUncachedBytes, unit)} would go back`;
}

function outsideSentence({ arena, heldBytes }: Pin): string {
  return `memory from outside the log keeps ${size(heldBytes)} of freed memory in arena ${arena} resident`;
}

/** What would go back to the system, as computed on a copy of the model. */
function ifFreed({ blocks, heldBytes, returnedIfFreedBytes: freed, ...pin }: Pin): string {
  const unit = byteUnit([heldBytes]);
  const subject = blocks === 1 ? "freeing it" : "freeing them";
  if (freed >= MOST_OF_IT * heldBytes) {
    return `${subject} would give ${size(freed, unit)} back`;
  }
  const without = pin.returnedIfUncachedBytes;
  const first = `${subject} would give back ${freed === 0 ? "nothing" : `only ${size(freed, unit)}`} at once`;
  return without - freed >= NOTABLE_BYTES
    ? `${first}, since the threads' caches would keep it; with these emptied, ${size(without, unit)}`
    : first;
}

function groupText({ blocks, size: bytes, tid, caller }: PinGroup, names: Named): string {
  return `${exact(blocks)} × ${size(bytes)}${by(tid, caller, names)}`;
}

function by(tid: number, caller: string | null, names: Named): string {
  const thread = names.trace.threads > 1 ? ` by ${threadName(tid, names)}` : "";
  return caller === null ? thread : `${thread} at ${callerName(caller, names)}`;
}
