import { Action, LOST_FREE } from "../../src/trace/actions.ts";
import { Op } from "../../src/trace/event.ts";
import type { Ledger } from "../../src/trace/ledger/ledger.ts";
import type { ThreadRow } from "../../src/trace/ledger/threads.ts";
import { ADDRESS_SPACE } from "../../src/trace/signs/address-space.ts";
import type { PlainAction } from "./event-batches.ts";

/** One line of a log. Omitted fields are 0, the time NaN. */
export interface PlainEvent {
  op: number;
  tid?: number;
  time?: number;
  caller?: number;
  size?: number;
  align?: number;
  pointerIn?: number;
  pointerOut?: number;
}

interface Block {
  bytes: number;
  owner: number;
}

export interface LiveBlock extends Block {
  pointer: number;
}

/** The state of a ledger at the end, and the action of each event, to be compared as a whole. Times: null for NaN. */
export interface LedgerState {
  actions: { action: number; thread: number; oldSize: number }[];
  liveAfter: number[];
  blocks: LiveBlock[];
  threads: Record<string, number | null>[];
  anomalies: Record<string, number>;
  peak: { bytes: number; event: number; time: number | null };
}

const HOUR = 3600e6;
const DAY = 24 * HOUR;

/** The ledger's rules with a Map and objects, event by event: simple and slow. */
export function naiveLedger(events: readonly PlainEvent[]): LedgerState {
  const live = new Map<number, Block>();
  const freed = new Set<number>();
  const threads = new Map<number, { index: number; row: Record<string, number | null> }>();
  const rowOf = (index: number) => [...threads.values()][index]!.row as Record<string, number>;
  const anomalies = {
    freeUnknown: 0,
    doubleFree: 0,
    reusedLive: 0,
    collidingPointers: 0,
    foreignRealloc: 0,
    impossibleSize: 0,
    reordered: 0,
  };
  const state: LedgerState = {
    actions: [],
    liveAfter: [],
    blocks: [],
    threads: [],
    anomalies,
    peak: { bytes: 0, event: -1, time: null },
  };
  let clock: number | null = null;
  let midnights = 0;

  const drop = (block: Block) => {
    rowOf(block.owner).liveBytes! -= block.bytes;
    rowOf(block.owner).liveBlocks! -= 1;
  };
  const release = (pointer: number, thread: number) => {
    const block = live.get(pointer)!;
    drop(block);
    if (block.owner !== thread) {
      rowOf(block.owner).freedByOthersBytes! += block.bytes;
      rowOf(thread).freedForOthersBytes! += block.bytes;
    }
    live.delete(pointer);
    freed.add(pointer);
    return block.bytes;
  };
  /** Returns LOST_FREE or 0. */
  const allocate = (pointer: number, bytes: number, owner: number) => {
    const lost = live.get(pointer);
    if (lost) {
      anomalies.reusedLive++;
      if (lost.owner !== owner) {
        rowOf(owner).takenFromOthers! += 1;
      }
      drop(lost);
    }
    live.set(pointer, { bytes, owner });
    freed.delete(pointer);
    const row = rowOf(owner);
    row.volumeBytes! += bytes;
    row.liveBytes! += bytes;
    row.liveBlocks! += 1;
    row.peakLiveBytes = Math.max(row.peakLiveBytes!, row.liveBytes!);
    return lost ? LOST_FREE : 0;
  };
  const plain: Record<number, [count: string, action: number]> = {
    [Op.malloc]: ["malloc", Action.malloc],
    [Op.calloc]: ["calloc", Action.calloc],
    [Op.memalign]: ["memalign", Action.memalign],
    [Op.valloc]: ["memalign", Action.valloc],
    [Op.pvalloc]: ["memalign", Action.pvalloc],
  };

  events.forEach((event, number) => {
    const { op, tid = 0, size = 0 } = event;
    let { time = Number.NaN } = event;
    const { pointerIn = 0, pointerOut = 0 } = event;
    if (!threads.has(tid)) {
      threads.set(tid, { index: threads.size, row: emptyRow(tid) });
    }
    const { index: thread, row } = threads.get(tid)! as {
      index: number;
      row: Record<string, number>;
    };
    row.lines! += 1;
    if (!Number.isNaN(time)) {
      const day = midnights * DAY;
      const since = clock === null ? 0 : time + day - clock;
      if (since < -DAY / 2 && clock! - day < DAY) {
        midnights++;
      }
      time += (since > DAY - HOUR && midnights > 0 ? midnights - 1 : midnights) * DAY;
      if (clock !== null && time < clock) {
        anomalies.reordered++;
      }
      clock = time;
      row.firstTime = Math.min(row.firstTime ?? time, time);
      row.lastTime = Math.max(row.lastTime ?? time, time);
    }
    const count = (name: string) => {
      row[name]! += 1;
      row.calls! += 1;
    };
    const free = () => {
      if (pointerIn === 0) {
        return;
      }
      if (live.has(pointerIn)) {
        action = Action.free;
        oldSize = release(pointerIn, thread);
      } else if (freed.has(pointerIn)) {
        anomalies.doubleFree++;
      } else {
        anomalies.freeUnknown++;
      }
    };
    let action: number = Action.none;
    let oldSize = 0;

    const isImpossible =
      size >= ADDRESS_SPACE || (op === Op.memalign && (event.align ?? 0) >= ADDRESS_SPACE);

    const kind = plain[op];
    if (kind) {
      count(kind[0]);
      if (pointerOut === 0) {
        row.failedCalls! += 1;
      } else if (isImpossible) {
        anomalies.impossibleSize++;
      } else {
        action = kind[1] | allocate(pointerOut, size, thread);
      }
    } else if (op === Op.free) {
      count("free");
      free();
    } else if (op === Op.realloc) {
      count("realloc");
      const known = live.has(pointerIn);
      if (pointerOut === 0 && pointerIn !== 0 && size === 0) {
        free();
      } else if (pointerOut !== 0 && isImpossible) {
        anomalies.impossibleSize++;
      } else {
        if (pointerIn !== 0 && !known) {
          anomalies.foreignRealloc++;
        }
        if (pointerOut === 0) {
          row.failedCalls! += 1;
        } else {
          action = known ? Action.realloc : Action.malloc;
          if (known) {
            oldSize = release(pointerIn, thread);
          }
          action |= allocate(pointerOut, size, thread);
        }
      }
    } else if (op === Op.mallocTrim) {
      action = Action.mallocTrim;
    } else if (op === Op.mallopt) {
      action = Action.mallopt;
    }

    const bytes = [...live.values()].reduce((sum, block) => sum + block.bytes, 0);
    state.actions.push({ action, thread, oldSize });
    state.liveAfter.push(bytes);
    if (bytes > state.peak.bytes) {
      state.peak = { bytes, event: number, time: clock };
    }
  });

  state.threads = [...threads.values()].map(({ row }) => row);
  state.blocks = sorted([...live].map(([pointer, block]) => ({ pointer, ...block })));
  return state;
}

/** The blocks of a real ledger that are live after the actions it wrote. */
export function liveBlocks(
  { blocks }: Ledger,
  events: readonly PlainEvent[],
  actions: readonly PlainAction[],
): LiveBlock[] {
  const live = new Map<number, number>();
  for (const [i, { action, block, lost }] of actions.entries()) {
    if (action & LOST_FREE) {
      live.delete(lost);
    }
    if (action === Action.free) {
      live.delete(block);
    } else if (block >= 0) {
      live.set(block, events[i]!.pointerOut!);
    }
  }
  return sorted(
    [...live].map(([block, pointer]) => ({
      pointer,
      bytes: blocks.bytesOf(block),
      owner: blocks.ownerOf(block),
    })),
  );
}

/** The state of a real ledger after it has resolved all events; the caller adds `actions` and `liveAfter`. */
export function ledgerState(
  ledger: Ledger,
  events: readonly PlainEvent[],
  actions: readonly PlainAction[],
): Omit<LedgerState, "actions" | "liveAfter"> {
  const { peak: bytes, peakEvent: event } = ledger.liveBytes;
  return {
    blocks: liveBlocks(ledger, events, actions),
    threads: ledger.threads.rows().map(nullForNaN),
    anomalies: ledgerAnomalies(ledger),
    peak: { bytes, event, time: Number.isNaN(ledger.peakTime) ? null : ledger.peakTime },
  };
}

/** All but `swapped`: the naive ledger does not reorder lines. */
function ledgerAnomalies({ anomalies }: Ledger): Record<string, number> {
  const { swapped: _, ...rest } = anomalies;
  return rest;
}

function emptyRow(tid: number): Record<string, number | null> {
  const counts = { malloc: 0, calloc: 0, realloc: 0, memalign: 0, free: 0, calls: 0, lines: 0 };
  const bytes = { volumeBytes: 0, liveBytes: 0, liveBlocks: 0, peakLiveBytes: 0 };
  const others = { freedByOthersBytes: 0, freedForOthersBytes: 0, takenFromOthers: 0 };
  return { tid, ...counts, failedCalls: 0, ...bytes, ...others, firstTime: null, lastTime: null };
}

function nullForNaN(row: ThreadRow): Record<string, number | null> {
  const entries = Object.entries(row) as [string, number][];
  return Object.fromEntries(entries.map(([key, n]) => [key, Number.isNaN(n) ? null : n]));
}

function sorted<T extends { pointer: number }>(blocks: T[]): T[] {
  return blocks.sort((a, b) => a.pointer - b.pointer);
}
