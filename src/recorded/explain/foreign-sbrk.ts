import { ADDR, GRANULE, MIN_GRANULES } from "../../ptmalloc/chunks.ts";
import { requestToGranules } from "../../ptmalloc/size-classes.ts";
import { insert, type Sbrk } from "../../replay/insertions.ts";
import type { Work } from "../../replay/work.ts";
import type { Divergence } from "../../report/contract/report.ts";
import type { GuidedReplay } from "../guided-replay.ts";

/** Events after the one that shows the move that must match, too, within their batch and up to the next move. */
const MUST_HOLD = 64;
/** A break that did not move by whole pages is rare: this many pointers must then match among these events. */
const MUST_SHOW = 8;
/** Failed trials after which no move is searched for any more. */
const MAX_FAILURES = 8;

/**
 * Finds moves of the break past malloc (ptmalloc2.md §12.7): a library, or the program, calls sbrk itself. malloc notices
 * when its top must grow and the new memory does not begin where the old top ended (§3.8): a block then lies above all
 * memory of the model. Before such a call a copy is replayed with the break moved as far as the block shows. The move is
 * accepted if the block lies there, in a top that has grown, and the following pointers match.
 */
export class ForeignSbrk {
  readonly state = {
    /** moves found; each stands for one mismatch */
    moves: 0,
    /** bytes of these moves, which malloc does not own */
    bytes: 0,
    failures: 0,
  };

  copy(from: ForeignSbrk): void {
    Object.assign(this.state, from.state);
  }

  /** Returns the move that event `i` of the work, whose first event has number `first`, shows; null if none. */
  shownBy(replay: GuidedReplay, work: Work, i: number, first: number): Sbrk | null {
    if (this.state.failures >= MAX_FAILURES || liesThereAnyway(replay, work, i)) {
      return null;
    }
    let isPossible = false;
    for (const move of movesShownBy(replay, work, i, first)) {
      if (holds(replay, work, i, move)) {
        this.state.moves++;
        this.state.bytes += move.bytes;
        return move;
      }
      isPossible = true;
    }
    if (isPossible) {
      this.state.failures++;
    }
    return null;
  }
}

/** True if the block of event `i` is above the break only because it is aligned: the lead ends the old top. */
function liesThereAnyway(replay: GuidedReplay, work: Work, i: number): boolean {
  if (work.batch.align[i]! <= GRANULE) {
    return false;
  }
  const trial = replay.clone();
  const { mismatches } = trial.judge;
  trial.replay.run(work, i, i + 1);
  return trial.judge.mismatches === mismatches;
}

/** Returns how the pointer of event `i` differs from the model's without the move. */
export function divergenceAt(replay: GuidedReplay, work: Work, i: number): Divergence | null {
  const trial = replay.clone();
  const { state } = trial.judge;
  const before = state.firstDivergence;
  state.firstDivergence = null;
  trial.replay.run(work, i, i + 1);
  return before ?? state.firstDivergence;
}

/**
 * Yields the moves of the break that would serve event `i` at its logged place, as far as the model shows without a
 * replay. The latest comes first: it follows all trims of the main heap. An earlier move prevented the trims after it.
 */
function* movesShownBy(
  replay: GuidedReplay,
  work: Work,
  i: number,
  first: number,
): Generator<Sbrk> {
  const { model } = replay;
  const { top } = model.mainArena;
  const { align, size } = work.batch;
  const asked = size[i]! + (align[i]! > GRANULE ? align[i]! + MIN_GRANULES * GRANULE : 0);
  const nb = requestToGranules(asked);
  if (top === 0 || nb * GRANULE >= model.par.mmapThreshold) {
    return;
  }
  const start = newTop(replay, work, i);
  const topStart = model.chunks.words[top + ADDR]! * GRANULE;
  const trims = model.trims ?? [];
  for (let undone = 0; undone <= trims.length; undone++) {
    const end = undone === 0 ? model.brk : trims.at(-undone)!.brk;
    const left = end - topStart;
    // The old top could not hold the block, and ends below the new top.
    if (left < MIN_GRANULES * GRANULE || left >= (nb + MIN_GRANULES) * GRANULE) {
      continue;
    }
    if (start > end) {
      yield { kind: "sbrk", before: first + i, bytes: start - end, trims: undone };
    }
  }
}

/** Returns where a top begins that first serves event `i`: at the block's chunk or, if aligned, at the start of its page. */
function newTop({ model, judge }: GuidedReplay, { batch }: Work, i: number): number {
  const pointer = batch.pointerOut[i]!;
  const above = pointer === 0 ? 0 : judge.addresses.aboveBreak(model, pointer);
  if (above <= 0 || pointer % GRANULE !== 0) {
    return 0;
  }
  const start = model.brk + above;
  return batch.align[i]! > GRANULE ? start - (start % model.pageBytes) : start;
}

function holds(replay: GuidedReplay, work: Work, i: number, move: Sbrk): boolean {
  const trial = replay.clone();
  const { model, judge } = trial;
  const { mismatches } = judge;
  insert(trial.replay, move);
  const moved = model.brk;
  trial.replay.run(work, i, i + 1);
  if (judge.mismatches > mismatches || model.brk === moved) {
    return false;
  }
  const { compared } = judge;
  const end = Math.min(i + 1 + MUST_HOLD, work.batch.length);
  for (let at = i + 1; at < end && judge.mismatches === mismatches; at++) {
    // The next move is judged by the block that shows it.
    if (!movesShownBy(trial, work, at, 0).next().done) {
      break;
    }
    trial.replay.run(work, at, at + 1);
  }
  const isByPages = moved % model.pageBytes === 0;
  return judge.mismatches === mismatches && (isByPages || judge.compared - compared >= MUST_SHOW);
}
