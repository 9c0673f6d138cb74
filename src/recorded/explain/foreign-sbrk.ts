import { ADDR, GRANULE, MIN_GRANULES, PAGE } from "../../ptmalloc/chunks.ts";
import { requestToGranules } from "../../ptmalloc/size-classes.ts";
import { judgeOf, type ScenarioRun } from "../../replay/scenario-run.ts";
import { insert, type Sbrk, type Work } from "../../replay/work.ts";
import type { Divergence } from "../../report/report.ts";

/** Events behind the one that shows the move that must come right, too, as far as their batch and the next move. */
const MUST_HOLD = 64;
/** Pointers among these there must be where the break has not moved by whole pages, as it nearly always does. */
const MUST_SHOW = 8;
/** Moves that were tried in vain, until none is sought any more. */
const MAX_FAILURES = 8;

/**
 * The break moved past malloc (ptmalloc2.md §12.7): a library, or the program, calls sbrk itself. Malloc sees it when
 * its top is to grow and does not begin where the old one ended (§3.8): a block then lies above all that the model
 * has. So before such a call, a copy of the run is replayed with the break moved as far as the block says, and the
 * move is believed if the block lies there, in a top that has grown, and what follows holds.
 */
export class ForeignSbrk {
  /** moves found out, each of which stands for one pointer that was not foreseen */
  moves = 0;
  /** bytes of these, which are not malloc's */
  bytes = 0;
  #failures = 0;

  clone(): ForeignSbrk {
    const copy = new ForeignSbrk();
    copy.moves = this.moves;
    copy.bytes = this.bytes;
    copy.#failures = this.#failures;
    return copy;
  }

  /** The move that event `i` of the work, whose first event has number `first`, shows; null if it shows none. */
  shownBy(run: ScenarioRun, work: Work, i: number, first: number): Sbrk | null {
    if (this.#failures >= MAX_FAILURES) {
      return null;
    }
    let isPossible = false;
    for (const move of movesShownBy(run, work, i, first)) {
      if (holds(run, work, i, move)) {
        this.moves++;
        this.bytes += move.bytes;
        return move;
      }
      isPossible = true;
    }
    if (isPossible) {
      this.#failures++;
    }
    return null;
  }
}

/** How the pointer of event `i` differs from what the run has without the move. */
export function divergenceAt(run: ScenarioRun, { batch, actions, touch }: Work, i: number) {
  const plain = run.clone();
  const judge = judgeOf(plain);
  const before: Divergence | null = judge.firstDivergence;
  judge.firstDivergence = null;
  plain.replay(batch, actions, touch, i, i + 1);
  return before ?? judge.firstDivergence;
}

/**
 * Moves of the break that would have event `i` served where its block is, so far as can be told without a replay: the
 * latest first, which came after all trims of the main heap. A move that came before one has prevented that.
 */
function* movesShownBy(run: ScenarioRun, work: Work, i: number, first: number): Generator<Sbrk> {
  const { model } = run;
  const { top } = model.mainArena;
  const { align, size } = work.batch;
  const asked = size[i]! + (align[i]! > GRANULE ? align[i]! + MIN_GRANULES * GRANULE : 0);
  const nb = requestToGranules(asked);
  if (top === 0 || nb * GRANULE >= model.par.mmapThreshold) {
    return;
  }
  const start = newTop(run, work, i);
  const topStart = model.chunks.words[top + ADDR]! * GRANULE;
  const trims = model.trims ?? [];
  for (let undone = 0; undone <= trims.length; undone++) {
    const end = undone === 0 ? model.brk : trims.at(-undone)!.brk;
    const left = end - topStart;
    // The old top did not hold it, and ends below the new one.
    if (left < MIN_GRANULES * GRANULE || left >= (nb + MIN_GRANULES) * GRANULE) {
      continue;
    }
    if (start > end) {
      yield { what: "sbrk", before: first + i, bytes: start - end, trims: undone };
    }
  }
}

/** Where a top begins that serves event `i` first: at the block's chunk, or, aligned, at the start of its page. */
function newTop({ model, judge }: ScenarioRun, { batch }: Work, i: number): number {
  const pointer = batch.pointerOut[i]!;
  const above = pointer === 0 || judge === null ? 0 : judge.aboveBreak(model, pointer);
  if (above <= 0 || pointer % GRANULE !== 0) {
    return 0;
  }
  const start = model.brk + above;
  return batch.align[i]! > GRANULE ? start - (start % PAGE) : start;
}

function holds(run: ScenarioRun, work: Work, i: number, move: Sbrk): boolean {
  const { batch, actions, touch } = work;
  const trial = run.clone();
  const { model } = trial;
  const judge = judgeOf(trial);
  const { wrong } = judge;
  insert(trial, move);
  const moved = model.brk;
  trial.replay(batch, actions, touch, i, i + 1);
  if (judge.wrong > wrong || model.brk === moved) {
    return false;
  }
  const { compared } = judge;
  const end = Math.min(i + 1 + MUST_HOLD, batch.length);
  for (let at = i + 1; at < end && judge.wrong === wrong; at++) {
    // The next move goes by its own block.
    if (!movesShownBy(trial, work, at, 0).next().done) {
      break;
    }
    trial.replay(batch, actions, touch, at, at + 1);
  }
  return judge.wrong === wrong && (moved % PAGE === 0 || judge.compared - compared >= MUST_SHOW);
}
