import { MAPPED, STATE } from "../ptmalloc/chunks.ts";
import type { Profile } from "../ptmalloc/profile.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { EVERY_PLANE, PLANES } from "../ptmalloc/resident.ts";
import { freeUnlogged } from "../ptmalloc/unlogged.ts";
import { CoreSeries } from "../replay/core-series.ts";
import type { Guide, Watched } from "../replay/guide.ts";
import { anchor, findUnlogged, splitUnlogged } from "../replay/pointers/anchor.ts";
import { findBreakStart } from "../replay/pointers/break-start.ts";
import { PointerJudge } from "../replay/pointers/pointer-judge.ts";
import { PointerWitness } from "../replay/pointers/pointer-witness.ts";
import type { Replay } from "../replay/replay.ts";
import { REPLAY } from "../replay/replay-state.ts";
import type { ReplayedBatch, Work } from "../replay/work.ts";
import { Action, withoutLostFree } from "../trace/actions.ts";
import { Op } from "../trace/event.ts";
import type { ArenaSeries } from "./arena-series.ts";
import { SiblingVersions } from "./sibling-versions.ts";
import { ThresholdRaises } from "./threshold-raises.ts";

/** What `beginBatch` reads of the batch that follows. */
type ComingFrees = Pick<ReplayedBatch, "op" | "pointerIn" | "length">;

/** Begins a batch in a replay. */
export type BatchBeginning = (run: GuidedReplay, work: Work) => void;

/** A replay of the run as it was recorded: the log's pointers judge the model and correct it. */
export class GuidedReplay implements Guide {
  readonly replay: Replay;
  readonly model: Ptmalloc;
  readonly judge: PointerJudge;
  readonly witness: PointerWitness;
  readonly siblings = new SiblingVersions();
  /** bytes of the chunks that the program holds, after each event */
  readonly inUse: CoreSeries;
  /** RSS by arena over time; null in trials, which do not need it */
  arenaSeries: ArenaSeries | null = null;
  /** how the frees of mapped chunks have raised the dynamic thresholds */
  readonly raises = new ThresholdRaises();
  /** called before event `i` if its block lies above the break; null: not watched */
  onAboveBreak: ((i: number) => void) | null = null;
  /** true: a mismatch moves the block to the log's pointer; false: the model keeps its own place */
  #anchors = true;
  /** event of which the witness knows the pointer */
  #followed = -1;

  constructor(replay: Replay, judge = new PointerJudge()) {
    this.replay = replay;
    this.model = replay.model;
    this.judge = judge;
    this.witness = new PointerWitness(replay.model, judge);
    this.witness.beforeAnswer = () => this.#follow();
    this.inUse = new CoreSeries(replay.model.core, PLANES);
    replay.model.recordTrims();
    replay.guide = this;
    this.model.onRaise = (mmapThreshold, trimThreshold) =>
      this.raises.note(replay, mmapThreshold, trimThreshold);
  }

  /**
   * Returns a replay in the same state that shares nothing, without callbacks and without the series by arena. It reuses
   * the memory of `recycled`.
   */
  clone(recycled: GuidedReplay | null = null): GuidedReplay {
    const copy = new GuidedReplay(this.replay.clone(recycled?.replay ?? null));
    copy.judge.copy(this.judge);
    copy.witness.copy(this.witness);
    copy.siblings.profiles = this.siblings.profiles;
    copy.raises.copy(this.raises);
    copy.#anchors = this.#anchors;
    return copy;
  }

  /** Returns a clone that follows the rules of a sibling version. */
  cloneAs(profile: Profile): GuidedReplay {
    const copy = this.clone();
    copy.model.adopt(profile);
    return copy;
  }

  /** true once the log's pointers have moved a block of the model, or shown memory that its calls did not allocate */
  get isAnchored(): boolean {
    return this.judge.mismatches > 0 || this.model.unloggedGranules > 0;
  }

  /** Runs `step` without anchoring: the state afterwards serves only to count mismatches. */
  withoutAnchors(step: () => void): void {
    const before = this.#anchors;
    this.#anchors = false;
    step();
    this.#anchors = before;
  }

  /** Prepares the replay of a batch. `next` is the batch that follows; null at the log's end. */
  beginBatch(work: Work, next: ComingFrees | null): void {
    // They came in this batch. A later thread with the same id may be given another arena.
    this.witness.coming.clear();
    this.placeUnlogged(work, next);
  }

  /** Returns what makes a copy of this replay begin its next batch as this one does now. */
  beginning(next: ReplayedBatch | null): BatchBeginning {
    const { logsExits } = this.witness.state;
    const { whole } = this.judge.addresses.state;
    const isRead = this.model.unloggedGranules > 0;
    const frees = next !== null && isRead ? freesOf(next) : null;
    return (run, work) => {
      run.witness.logsExits(logsExits);
      if (whole) {
        run.judge.addresses.assumeWholePointers();
      }
      run.beginBatch(work, frees);
    };
  }

  /**
   * Finds the chunks of blocks that were allocated outside the log: their frees show where they begin. All chunks of a
   * batch are placed before the first of them is freed, because a chunk ends where the next one begins.
   */
  placeUnlogged({ batch, actions }: Work, next: ComingFrees | null): void {
    const { model, judge } = this;
    if (next !== null && model.unloggedGranules > 0) {
      for (let i = 0; i < next.length; i++) {
        if (isFreeOfBlock(next, i)) {
          splitUnlogged(model, judge.addresses, next.pointerIn[i]!);
        }
      }
    }
    for (let i = 0; i < batch.length; i++) {
      if (actions.action[i] === Action.none && isFreeOfBlock(batch, i)) {
        findUnlogged(model, judge.addresses, batch.pointerIn[i]!);
      }
    }
  }

  expectPointer(thread: number, pointer: number): void {
    this.witness.coming.set(thread, pointer);
  }

  showMappingStart(c: number, pointer: number, start: number): void {
    this.judge.mappings.settle(this.model, c, pointer, start);
  }

  watched(): Watched {
    return {
      siblings: this.siblings.profiles.length > 0,
      aboveBreak: this.onAboveBreak !== null,
      cutPointers: !this.judge.addresses.state.whole,
      calls: this.witness.awaitsCall,
      frees: this.judge.mappings.leavesSomeOpen,
      pointEnd: this.arenaSeries?.pointEnd ?? -1,
    };
  }

  collect(): void {
    const { f64 } = this.model.core.attached;
    this.judge.addMatched(f64[REPLAY.matched]!);
    f64[REPLAY.matched] = 0;
  }

  beforeEvent(work: Work, i: number): void {
    const pointer = work.batch.pointerOut[i]!;
    if (this.onAboveBreak !== null && pointer !== 0) {
      if (this.judge.addresses.aboveBreak(this.model, pointer) > 0) {
        this.onAboveBreak(i);
      }
    }
    if (this.siblings.profiles.length > 0) {
      this.siblings.beforeEvent(this.replay, work, i);
    }
  }

  beforeCall(work: Work, i: number): void {
    const { batch, actions } = work;
    const action = withoutLostFree(actions.action[i]!);
    if (action === Action.free && this.judge.mappings.leavesSomeOpen) {
      this.judge.mappings.beforeFree(this.model, this.replay.chunkOf(actions.block[i]!));
    }
    if (action === Action.memalign) {
      findBreakStart(this.model, this.judge.addresses, batch, i);
    }
    this.#follow();
  }

  /** Tells the witness the pointer of the current call, once. */
  #follow(): void {
    const { current } = this.replay;
    if (current === null) {
      return;
    }
    // What the witness answers may have to be confirmed then.
    this.model.core.attached.u8[REPLAY.watchesCalls] = 1;
    const event = this.replay.state.event - 1;
    if (event === this.#followed) {
      return;
    }
    this.#followed = event;
    const { work, row } = current;
    this.collect();
    this.witness.follow(work, row);
    const action = withoutLostFree(work.actions.action[row]!);
    this.witness.expect(event, action, work.batch.pointerOut[row]!, work.batch.size[row]!);
  }

  freeUnlogged({ batch }: Work, i: number): void {
    if (!isFreeOfBlock(batch, i)) {
      return;
    }
    const c = findUnlogged(this.model, this.judge.addresses, batch.pointerIn[i]!);
    if (c !== 0) {
      freeUnlogged(this.model, c);
    }
  }

  place(c: number, { batch, actions }: Work, i: number): number {
    const { judge, model } = this;
    const pointer = batch.pointerOut[i]!;
    const isRight = judge.judge(model, c, pointer, this.replay.state.event, batch.line[i]!);
    const action = withoutLostFree(actions.action[i]!);
    if (isRight && model.chunks.words[c + STATE] === MAPPED) {
      judge.mappings.note(model, c, pointer, action === Action.realloc);
    }
    if (isRight || !this.#anchors) {
      return c;
    }
    const size = batch.size[i]!;
    const moved = anchor(model, judge.addresses, c, pointer, size);
    // The bytes that realloc copied or calloc cleared lie at the new place, too (§5.1, §5.2).
    const kept = action === Action.calloc ? size : Math.min(actions.oldSize[i]!, size);
    if (moved !== 0 && model.chunks.words[moved + STATE] !== MAPPED) {
      model.write(moved, 0, kept, EVERY_PLANE);
    }
    return moved;
  }

  closePoint(): void {
    this.arenaSeries?.closePoint(this.model);
  }
}

function isFreeOfBlock(batch: ComingFrees, i: number): boolean {
  return batch.op[i] === Op.free && batch.pointerIn[i] !== 0;
}

function freesOf({ op, pointerIn, length }: ReplayedBatch): ComingFrees {
  return { op: op.slice(0, length), pointerIn: pointerIn.slice(0, length), length };
}
