import type { Profile } from "../ptmalloc/profile.ts";
import type { Replay } from "./replay.ts";
import type { Work } from "./work.ts";
import type { Ranges } from "./writes/byte-ranges.ts";

/** A step between two calls, before event number `before` (0-based). */
export type Insertion =
  | Exit
  | SuggestedExit
  | Sbrk
  | LateExits
  | ComingPointer
  | Probe
  | Writes
  | MappingEnd;

/** A thread ends: the log states it, or a pointer shows it. */
export interface Exit {
  readonly kind: "exit";
  readonly before: number;
  /** dense index */
  readonly thread: number;
}

/**
 * A thread ends, as its last calls suggest, if the version's threads end with that many calls of free(NULL) (§6.4). The
 * versions that may have written the log differ in this.
 */
export interface SuggestedExit {
  readonly kind: "suggestedExit";
  readonly before: number;
  /** dense index */
  readonly thread: number;
  /** calls of free(NULL) just before, at least 1 */
  readonly frees: number;
}

/** The program moves the break up itself, bypassing malloc (§12.7). */
export interface Sbrk {
  readonly kind: "sbrk";
  readonly before: number;
  readonly bytes: number;
  /** how many of the latest trims of the main heap the move preceded and so prevented */
  readonly trims: number;
}

/** Ended threads leave their arenas only after thread `thread` has chosen its own, at event `before`. */
export interface LateExits {
  readonly kind: "lateExits";
  readonly before: number;
  readonly thread: number;
  readonly late: readonly number[];
}

/** The log shows, in a later batch, the first pointer that a new thread is given. */
export interface ComingPointer {
  readonly kind: "comingPointer";
  readonly before: number;
  /** dense index */
  readonly thread: number;
  readonly pointer: number;
}

/** An RSS sample of the log: the replay takes its own RSS here. */
export interface Probe {
  readonly kind: "probe";
  readonly before: number;
}

/** The log states which bytes of a block the program has written, and which it has not, overruling the touch policy. */
export interface Writes {
  readonly kind: "writes";
  readonly before: number;
  readonly block: number;
  readonly written: Ranges;
  readonly unwritten: Ranges;
}

/** A hole that goes on behind an aligned block shows where the block's mapping ends, if it has one of its own. */
export interface MappingEnd {
  readonly kind: "mappingEnd";
  readonly before: number;
  readonly block: number;
  /** the block's address in the log */
  readonly pointer: number;
  /** from the pointer to the end of the mapping */
  readonly bytes: number;
}

/** True if a thread of a process of this version ends here. */
export function isExit(one: Insertion, { exitFrees }: Profile): one is Exit | SuggestedExit {
  return one.kind === "exit" || (one.kind === "suggestedExit" && one.frees >= exitFrees);
}

/** Applies one insertion now. */
export function insert(replay: Replay, insertion: Insertion): void {
  switch (insertion.kind) {
    case "probe":
      replay.probe();
      return;
    case "exit":
    case "suggestedExit":
      if (isExit(insertion, replay.model.profile)) {
        replay.exitThread(insertion.thread);
      }
      return;
    case "lateExits":
      replay.model.attachesBefore(insertion.thread, insertion.late);
      return;
    case "comingPointer":
      replay.guide?.expectPointer(insertion.thread, insertion.pointer);
      return;
    case "sbrk":
      replay.model.foreignSbrk(insertion.bytes, insertion.trims);
      return;
    case "writes":
      replay.learn(insertion.block, insertion.written, insertion.unwritten);
      return;
    case "mappingEnd":
      replay.endMapping(insertion.block, insertion.pointer, insertion.bytes);
      return;
    default:
      throw new TypeError(`unknown insertion: ${JSON.stringify(insertion satisfies never)}`);
  }
}

export function insertAll(replay: Replay, insertions: readonly Insertion[]): void {
  for (const one of insertions) {
    insert(replay, one);
  }
}

/** Replays events from..to-1 of a batch whose first event has number `first`, with the insertions among them. */
export function replayWith(
  replay: Replay,
  work: Work,
  first: number,
  from: number,
  to: number,
  insertions: readonly Insertion[],
): void {
  let at = from;
  for (const insertion of insertions) {
    const i = insertion.before - first;
    if (i < from || i >= to) {
      continue;
    }
    replay.run(work, at, i);
    insert(replay, insertion);
    at = i;
  }
  replay.run(work, at, to);
}

/**
 * Replays a batch whose first event has number `first`, from its event `from` to its end, with the insertions among them
 * and right after the last one.
 */
export function replayBatch(
  replay: Replay,
  work: Work,
  first: number,
  insertions: readonly Insertion[],
  from = 0,
): void {
  replayUntil(replay, work, first, insertions, Number.POSITIVE_INFINITY, from);
}

/** The same, but stops before event number `end`, after the insertions there. */
export function replayUntil(
  replay: Replay,
  work: Work,
  first: number,
  insertions: readonly Insertion[],
  end: number,
  from = 0,
): void {
  const to = Math.min(work.batch.length, end - first);
  replayWith(replay, work, first, from, to, insertions);
  for (const insertion of insertions) {
    if (insertion.before === first + to) {
      insert(replay, insertion);
    }
  }
}
