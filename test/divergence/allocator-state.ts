import type { Arena } from "../../src/ptmalloc/arena.ts";
import { FD, GRANULE, SIZE, STRIDE } from "../../src/ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { BIN_COUNT, UNSORTED } from "../../src/ptmalloc/size-classes.ts";
import type { GuidedReplay } from "../../src/recorded/guided-replay.ts";

/** Chunks listed per bin. */
const MAX_LISTED = 8;

/** Returns a thread's arena and tcache. `thread` is its dense index; −1 if it is new. */
export function describeThread(
  { model, judge }: GuidedReplay,
  tid: number,
  thread: number,
): string {
  const found = model.threads.at(thread);
  if (found === null) {
    return `Thread ${tid} has made no call yet.`;
  }
  const arena = found.arena === null ? "no arena yet" : nameOf(found.arena);
  const bins = Array.from({ length: found.bins }, (_, i) => i).flatMap((i) => {
    const chunks = chainOf(model, model.threads.bins.head(found, i), (c) => c === 0);
    return chunks.length === 0 ? [] : [`  ${row(model, judge, (i + 2) * GRANULE, chunks)}`];
  });
  return [`Thread ${tid}: ${arena}, tcache ${found.tcache}`, ...bins].join("\n");
}

/** Returns the bins of the arena that a thread uses; of the main arena if it uses none yet. */
export function describeArena({ model, judge }: GuidedReplay, thread: number): string {
  const av = model.threads.at(thread)?.arena ?? model.mainArena;
  const w = model.chunks.words;
  const top = av.top === 0 ? "no top" : `top ${w[av.top + SIZE]! * GRANULE} bytes`;
  const lines = [`${nameOf(av)}: ${top}, system ${av.systemMem} bytes, heaps: ${av.heaps.length}`];
  for (const [i, head] of [...av.fastbins].entries()) {
    const chunks = chainOf(model, head, (c) => c === 0);
    if (chunks.length > 0) {
      lines.push(`  fastbin   ${row(model, judge, (i + 2) * GRANULE, chunks)}`);
    }
  }
  for (let bin = UNSORTED; bin < BIN_COUNT; bin++) {
    const head = av.bins + bin * STRIDE;
    const chunks = chainOf(model, w[head + FD]!, (c) => c === head);
    const kind = bin === UNSORTED ? "unsorted" : `bin ${bin}`;
    const sizes = [...new Set(chunks.map((c) => w[c + SIZE]! * GRANULE))];
    for (const size of sizes) {
      const ofSize = chunks.filter((c) => w[c + SIZE]! * GRANULE === size);
      lines.push(`  ${kind.padEnd(9)} ${row(model, judge, size, ofSize)}`);
    }
  }
  return lines.join("\n");
}

function nameOf(av: Arena): string {
  return av.main ? "main arena" : `arena ${av.id}`;
}

/** Returns the chunks of a list from `head` on, until `isEnd`. */
function chainOf({ chunks }: Ptmalloc, head: number, isEnd: (c: number) => boolean): number[] {
  const chain: number[] = [];
  for (let c = head; !isEnd(c); c = chunks.words[c + FD]!) {
    chain.push(c);
  }
  return chain;
}

function row(
  model: Ptmalloc,
  { addresses }: GuidedReplay["judge"],
  bytes: number,
  chunks: readonly number[],
): string {
  const listed = chunks.slice(0, MAX_LISTED).map((c) => {
    const address = addresses.addressOf(model, c);
    return Number.isNaN(address) ? "?" : `0x${address.toString(16)}`;
  });
  const more = chunks.length > MAX_LISTED ? ` … ${chunks.length - MAX_LISTED} more` : "";
  return `${String(bytes).padStart(9)} bytes × ${chunks.length}: ${listed.join(" ")}${more}`;
}
