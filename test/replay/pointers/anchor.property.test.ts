import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ADDR, GRANULE, HEAP, MAPPED, SIZE, STATE } from "../../../src/ptmalloc/chunks.ts";
import { HEAP_MAX } from "../../../src/ptmalloc/heap.ts";
import { checkInvariants } from "../../../src/ptmalloc/invariants.ts";
import { PROFILES, type Profile } from "../../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../../src/ptmalloc/ptmalloc.ts";
import { MallocPar } from "../../../src/ptmalloc/settings.ts";
import { GuidedReplay } from "../../../src/recorded/guided-replay.ts";
import { Replay } from "../../../src/replay/replay.ts";
import { TouchBatch } from "../../../src/replay/writes/touch.ts";
import { ActionBatch } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { inBatches, resolve } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

/**
 * A recorded run whose model mismatches, because the log lacks its beginning or some lines, or is of another version: the
 * model's invariants hold, and the blocks lie at their logged places.
 */

/** One step of a random program. */
interface Move {
  readonly thread: number;
  readonly call: "malloc" | "calloc" | "realloc" | "memalign" | "free";
  readonly bytes: number;
  /** selects the block to free or resize */
  readonly pick: number;
  /** the hook missed it */
  readonly isLost: boolean;
}

const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 3, arbitrary: fc.integer({ min: 200, max: 5000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 5000, max: 120_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 120_000, max: 400_000 }) },
);

function movesOf(lostOf: number): fc.Arbitrary<Move[]> {
  const move = fc.record<Move>({
    thread: fc.nat(2),
    call: fc.constantFrom("malloc", "malloc", "calloc", "realloc", "memalign", "free", "free"),
    bytes,
    pick: fc.nat(),
    isLost: lostOf === 0 ? fc.constant(false) : fc.nat(lostOf - 1).map((n) => n === 0),
  });
  return fc.array(move, { minLength: 60, maxLength: 150, size: "max" });
}

const BREAK = 0x5555_5557_0000;
const HEAPS = 0x7f00_0000_0000;
const MAPPINGS = 0x7f80_0000_0000;
/** µs between calls: more than the distance of lines that line-order.ts exchanges */
const APART = 200;

/** True if the first logged block of the break area lies where the very first block of a process may lie. */
function startsBreak(log: readonly PlainEvent[]): boolean {
  const first = log.find(({ pointerOut = 0 }) => pointerOut > 0 && pointerOut < HEAPS);
  return first?.pointerOut !== undefined && first.pointerOut % 4096 === GRANULE;
}

/** The log of a program that a model serves; its heaps lie at made-up addresses. */
function logOf(profile: Profile, moves: readonly Move[]): PlainEvent[] {
  const m = new Ptmalloc(profile, new MallocPar(profile), 2);
  const live: { chunk: number; pointer: number }[] = [];
  const events: PlainEvent[] = [];
  let mappings = 0;
  const pointerTo = (chunk: number): number => {
    const w = m.chunks.words;
    const offset = (w[chunk + ADDR]! + 1) * GRANULE;
    if (w[chunk + STATE] === MAPPED) {
      return MAPPINGS + mappings++ * HEAP_MAX + offset;
    }
    const heap = m.heapOf(chunk);
    return (heap.kind === "break" ? BREAK : HEAPS + heap.serial * HEAP_MAX) + offset;
  };
  const log = (event: PlainEvent, isLost: boolean): void => {
    if (!isLost) {
      events.push({ ...event, time: events.length * APART });
    }
  };
  const first: Move = { thread: 0, call: "malloc", bytes: 100, pick: 0, isLost: false };
  for (const { thread, call, bytes: size, pick, isLost } of [first, ...moves]) {
    const at = live.length === 0 ? -1 : pick % live.length;
    if (at < 0 && (call === "free" || call === "realloc")) {
      continue;
    }
    m.enter(thread);
    if (call === "free" || call === "realloc") {
      const block = live[at];
      if (block === undefined) {
        continue;
      }
      const { pointer: pointerIn } = block;
      if (call === "free") {
        live.splice(at, 1);
        m.free(block.chunk);
        log({ op: Op.free, tid: thread, pointerIn }, isLost);
        continue;
      }
      const chunk = m.realloc(block.chunk, size + 1);
      const stays = chunk === block.chunk && m.chunks.words[chunk + STATE] === MAPPED;
      const pointer = stays ? pointerIn : pointerTo(chunk);
      live[at] = { chunk, pointer };
      log({ op: Op.realloc, tid: thread, size: size + 1, pointerIn, pointerOut: pointer }, isLost);
      continue;
    }
    const align = call === "memalign" ? 64 : 0;
    const chunk =
      call === "malloc"
        ? m.malloc(size)
        : call === "calloc"
          ? m.calloc(size)
          : m.memalign(align, size);
    if (chunk === 0) {
      continue;
    }
    const pointer = pointerTo(chunk);
    live.push({ chunk, pointer });
    log({ op: Op[call], tid: thread, size, align, pointerOut: pointer }, isLost);
  }
  return events;
}

/** Replays the log guided by its pointers, and checks the model on the way. */
function follow(
  profile: Profile,
  events: readonly PlainEvent[],
): { guided: GuidedReplay; ledger: Ledger } {
  const model = new Ptmalloc(profile, new MallocPar(profile), 2);
  const guided = new GuidedReplay(new Replay(model));
  guided.judge.addresses.state.whole = true;
  const ledger = new Ledger();
  const actions = new ActionBatch();
  const touch = new TouchBatch();
  for (const batch of inBatches(events)) {
    resolve({ ledger, batch, actions, next: null });
    const work = { batch, actions, touch };
    guided.placeUnlogged(work, null);
    checkInvariants(model);
    for (let i = 0; i < batch.length; i++) {
      guided.replay.run(work, i, i + 1);
      if (i % CHECK_EVERY === 0) {
        checkInvariants(model);
      }
    }
    checkInvariants(model);
  }
  return { guided, ledger };
}

/** programs of each kind */
const RUNS = 20;
/** To walk the memory below a break area of unknown start takes long. */
const CHECK_EVERY = 7;

const profile = fc.constantFrom(...PROFILES);

function holds(kind: string, lostOf: number, from: number, sameVersion: boolean): void {
  it(kind, () => {
    fc.assert(
      fc.property(profile, profile, movesOf(lostOf), (made, assumed, moves) => {
        const events = logOf(made, moves);
        const late = events.slice(Math.floor(events.length * from));
        const { guided } = follow(sameVersion ? made : assumed, late);
        const { compared, matched } = guided.judge;
        if (lostOf === 0 && from === 0 && sameVersion) {
          expect(matched).toBe(compared);
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
}

describe("the invariants of the model hold", () => {
  holds("if every pointer matches", 0, 0, true);
  holds("if the log is of another version", 0, 0, false);
  holds("if the log began late", 0, 0.4, true);
  holds("if the hook missed every tenth call", 10, 0, true);
  holds("if all of these come together", 5, 0.3, false);
});

describe("a block lies at its logged place", () => {
  it("in every known heap, whatever the log lacks", () => {
    fc.assert(
      fc.property(
        profile,
        movesOf(0),
        fc.double({ min: 0, max: 0.6, noNaN: true }),
        (made, moves, from) => {
          const events = logOf(made, moves);
          const late = events.slice(Math.floor(events.length * from));
          const { guided, ledger } = follow(made, late);
          const { model, judge, replay } = guided;
          // The first logged block may look like the first block of a break area that begins there.
          const isBreakUnsure = startsBreak(late);
          for (const { pointerOut = 0, size = 0 } of late) {
            const block = ledger.blockAt(pointerOut);
            if (pointerOut === 0 || block < 0) {
              continue;
            }
            const chunk = replay.chunkOf(block);
            const w = model.chunks.words;
            if (w[chunk + STATE] === MAPPED) {
              continue;
            }
            const place = judge.addresses.placeOf(model, pointerOut, size);
            // The first block of a heap may look like one with a mapping of its own.
            if (place.heap < 0) {
              continue;
            }
            // A mapping at a multiple of 64 MiB may look like an arena's heap, but for the arena's own structures there.
            const { kind } = model.heaps[place.heap]!;
            if (kind === "arena" && place.offset <= made.heapInfoBytes + made.mallocStateBytes) {
              continue;
            }
            if (kind === "break" && isBreakUnsure) {
              continue;
            }
            expect(place.heap).toBe(w[chunk + HEAP]);
            expect(place.offset).toBe((w[chunk + ADDR]! + 1) * GRANULE);
            expect(w[chunk + SIZE]! * GRANULE).toBeGreaterThanOrEqual(
              ledger.blocks.bytesOf(block) + 8,
            );
          }
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});
