import { MOST_PINS } from "../../report/contract/pin.ts";
import type { Pin, PinGroup, PinningBlock } from "../../report/contract/report.ts";
import { byteUnit, duration, exact, plural, size } from "../../report/wording/format.ts";
import { callOrigin, type Named, threadName } from "../who/names.ts";

/** Freeing the blocks gives back most of what is held. */
const MOST_OF_IT = 0.9;
/** Emptied caches give back so much more that it is worth a word. */
const NOTABLE_BYTES = 1024 * 1024;
/** A group with a smaller part of the blocks says little about them. */
const NOTABLE_GROUP = 0.1;
/** Of more blocks none alone is to blame: what malloc_trim returns between them is worth a word. */
const FEW_BLOCKS = 16;
/** malloc_trim leaves so little of it that the rest is not worth a word. */
const NEARLY_ALL = 0.95;

/** What keeps an arena's free memory resident, without a full stop. */
export function pinSentence(pin: Pin, names: Named): string {
  const { block, blocks, cachedChunks, fastbinChunks, outsideChunks } = pin;
  const held = `${size(pin.heldBytes)} of freed memory`;
  const inArena = `in arena ${pin.arena} resident`;
  if (block === null) {
    return cachedChunks + fastbinChunks > 0
      ? cacheSentence(pin, names)
      : `${OUTSIDE} keeps ${held} ${inArena}`;
  }
  const back = `${ifFreed(pin, names)}${ifTrimmed(pin)}`;
  const others = [
    ...(cachedChunks === 0 ? [] : [cachesText(pin)]),
    ...(fastbinChunks === 0 ? [] : [`${plural(fastbinChunks, "freed chunk")} in fastbins`]),
    ...(outsideChunks === 0 ? [] : [OUTSIDE]),
  ];
  const one = `one live block of ${blockText(block, names)}`;
  if (blocks === 1 && others.length === 0) {
    return `${one}, keeps ${held} below it resident; ${back}`;
  }
  const several = `${plural(blocks, "live block")} (${kindsText(pin, block, names)})`;
  const also = others
    .map((other, n) => (n < others.length - 1 ? `, ${other}` : ` and ${other}`))
    .join("");
  const subject = blocks === 1 ? `${one}${others.length > 1 ? "" : ","}` : several;
  return `${subject}${also} keep ${held} ${inArena}; ${back}`;
}

/** The pins after the largest one, in a clause. */
export function heldLikewise(others: readonly Pin[]): string {
  const bytes = others.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  // Arenas beyond these are not looked into.
  const number = others.length < MOST_PINS - 1 ? "" : "at least ";
  const are = others.length === 1 ? "is" : "are";
  return `${number}${plural(others.length, "more arena")} ${are} held likewise (${size(bytes)})`;
}

const OUTSIDE = "memory from outside the log";

function cachesText({ cachedChunks, cachingTids }: Pin): string {
  const whose = cachingTids.length === 1 ? "a thread's cache" : "the threads' caches";
  return `${plural(cachedChunks, "chunk")} of ${whose}`;
}

function cacheSentence(pin: Pin, names: Named): string {
  const { cachedChunks, tcacheStructs, fastbinChunks, outsideChunks, cachingTids, heldBytes } = pin;
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
  const cached = cachedChunks === 0 ? "" : `${parts.join(" and ")}${tables}${tcache} ${whose}`;
  const unmerged = fastbinChunks === 0 ? "" : `${plural(fastbinChunks, "freed chunk")} in fastbins`;
  const kept = [cached, unmerged, outsideChunks === 0 ? "" : OUTSIDE].filter((one) => one !== "");
  const [keep, below] =
    cachedChunks + fastbinChunks + outsideChunks === 1
      ? ["keeps", "below it"]
      : ["keep", "below them"];
  const emptied =
    others === 0
      ? "with that cache empty, as after the thread's end"
      : "with these caches empty, as after the threads' ends";
  const held = `${kept.join(" and ")} ${keep} ${size(heldBytes, unit)} of freed memory ${below} resident`;
  const { returnedIfUncachedBytes: bytes } = pin;
  const uncached = `${emptied}, ${bytes === 0 ? "nothing" : size(bytes, unit)} would go back`;
  const onceMerged = ifMerged(pin, pin.returnedIfUncachedBytes);
  if (cachedChunks === 0) {
    return onceMerged === "" ? held : `${held}${onceMerged} would go back`;
  }
  return `${held}; ${uncached}${onceMerged}`;
}

/** What would go back to the system, as computed on a copy of the model. */
function ifFreed(given: Pin, { trace }: Named): string {
  const { blocks, heldBytes, returnedIfFreedBytes: freed, ...pin } = given;
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
    const reason =
      pin.unmergedIfFreed === 0
        ? ""
        : `, since glibc leaves ${small} unmerged for a time (fastbins)`;
    return `${first}${reason}${ifMerged(given, freed)}`;
  }
  const [caches, these] =
    trace.threads > 1 ? ["the threads' caches", "these"] : ["the thread's cache", "that"];
  return `${first}, since ${caches} would keep it; with ${these} emptied, ${size(without, unit)}${ifMerged(given, without)}`;
}

/** What goes back once chunks in fastbins are merged, if that is notably more than `before`. */
function ifMerged({ heldBytes, returnedIfMergedBytes: merged }: Pin, before: number): string {
  return merged - before < NOTABLE_BYTES
    ? ""
    : `; once fastbins are merged (at the next free of 64 KiB or more), ${size(merged, byteUnit([heldBytes]))}`;
}

/** What malloc_trim returns between many blocks, and why the rest stays. */
function ifTrimmed({ blocks, heldBytes, wholePageBytes }: Pin): string {
  if (blocks <= FEW_BLOCKS) {
    return "";
  }
  const unit = byteUnit([heldBytes]);
  const trim = `; malloc_trim would return ${size(wholePageBytes, unit)} of the freed memory`;
  return wholePageBytes >= NEARLY_ALL * heldBytes
    ? trim
    : `${trim}, and the rest stays, as it shares pages with chunks in use`;
}

/** What the blocks are: their largest group if it says much about them, else the topmost of them. */
function kindsText({ blocks, groups }: Pin, topmost: PinningBlock, names: Named): string {
  const [largest] = groups;
  if (largest === undefined || largest.blocks < NOTABLE_GROUP * blocks) {
    return `the topmost: ${blockText(topmost, names)}`;
  }
  return `${largest.blocks * 2 > blocks ? "most" : "among them"}: ${groupText(largest, names)}`;
}

function blockText(block: PinningBlock, names: Named): string {
  const { size: bytes, line, tid, caller, ageEvents, ageSeconds } = block;
  const seconds = ageSeconds === null || ageSeconds < 0 ? "" : ` (${duration(ageSeconds)})`;
  const age = `${plural(ageEvents, "event")}${seconds} before the end`;
  return `${size(bytes)}, allocated in line ${exact(line)}${callOrigin(tid, caller, names)}, ${age}`;
}

function groupText({ blocks, size: bytes, tid, caller }: PinGroup, names: Named): string {
  return `${exact(blocks)} × ${size(bytes)}${callOrigin(tid, caller, names)}`;
}
