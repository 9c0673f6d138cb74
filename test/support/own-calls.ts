import { Op } from "../../src/trace/event.ts";
import type { ReadEvent } from "./collect.ts";

/** What `fixtures/formats/threads.c` counts of its calls. */
export interface OwnCalls {
  malloc: number;
  calloc: number;
  realloc: number;
  memalign: number;
  free: number;
  volumeBytes: number;
  liveBlocks: number;
  liveBytes: number;
}

const COUNTER_OF_OP: Readonly<Record<number, "malloc" | "calloc" | "realloc" | "memalign">> = {
  [Op.malloc]: "malloc",
  [Op.calloc]: "calloc",
  [Op.realloc]: "realloc",
  [Op.memalign]: "memalign",
};

/** Counts the calls of that program among events of its process: those for blocks of the sizes that only it asks for. */
export function ownCalls(events: readonly ReadEvent[]): OwnCalls {
  const counts = { malloc: 0, calloc: 0, realloc: 0, memalign: 0, free: 0, volumeBytes: 0 };
  const live = new Map<number, number>();
  for (const { op, size, pointerIn, pointerOut } of events) {
    const wasOwn = live.delete(pointerIn);
    const counter = COUNTER_OF_OP[op];
    if (op === Op.free) {
      counts.free += wasOwn ? 1 : 0;
    } else if (counter !== undefined && size >= 2001 && size <= 2999 && size % 2 === 1) {
      counts[counter]++;
      counts.volumeBytes += size;
      live.set(pointerOut, size);
    }
  }
  const liveBytes = [...live.values()].reduce((sum, size) => sum + size, 0);
  return { ...counts, liveBlocks: live.size, liveBytes };
}
