import { MAPPED, PAGE, STATE } from "../ptmalloc/chunks.ts";
import type { Profile } from "../ptmalloc/profile.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { EVERY_PLANE, LOGGED_PLANES, PLANES } from "../ptmalloc/resident.ts";
import { freeUnlogged } from "../ptmalloc/unlogged.ts";
import type { ArenaTimeline } from "../recorded/arena-series.ts";
import { Action, type ActionBatch, LOST_FREE } from "../trace/actions.ts";
import { type EventBatch, Op } from "../trace/event.ts";
import { PeakSeries } from "../trace/series.ts";
import { BlockChunks } from "./block-chunks.ts";
import { PendingWrite } from "./pending-write.ts";
import { anchor, findUnlogged, splitUnlogged } from "./pointers/anchor.ts";
import type { PointerJudge } from "./pointers/pointer-judge.ts";
import { PointerWitness } from "./pointers/pointer-witness.ts";
import { TurningPoints } from "./turning-points.ts";
import type { Ranges } from "./writes/byte-ranges.ts";
import type { TouchBatch } from "./writes/touch.ts";

/** Events whose chunks are brought into the cache at once: some 100 KiB. */
const WARMED_EVENTS = 512;

/**
 * One model fed the log's calls. Blocks are known by the ids of the trace; which chunk holds one is this run's own
 * affair.
 *
 * The program writes a block only after the call has returned, so what it writes counts from the next event on: a
 * sample of RSS taken inside the hook, right after a call, does not hold it yet. Peaks do.
 */
export class ScenarioRun {
  readonly model: Ptmalloc;
  /**
   * Resident pages of heaps and mappings after each event and the program's writes, in each plane (resident.ts), by
   * number of its bit
   */
  readonly pages: readonly PeakSeries[] = Array.from({ length: PLANES }, () => new PeakSeries());
  /** µs on the log's clock when the pages of a plane were at their peak; NaN when unknown */
  readonly peakTimes = new Float64Array(PLANES).fill(Number.NaN);
  /** bytes in the program's hands after each event; only of the run as recorded, others differ little; else null */
  readonly inUse: PeakSeries | null;
  /** bytes obtained from the kernel and not returned, at most */
  systemPeakBytes = 0;
  /** resident pages returned by malloc_trim, the program's own calls and the scenario's, in each plane */
  readonly trimmedPages = new Float64Array(PLANES);
  /** resident pages in each plane at each `probe()` */
  readonly probes: Float64Array[] = [];

  /** compares each placement with the log's pointer; null in what-ifs */
  readonly judge: PointerJudge | null;
  /** tells the model what the log's pointers show of the recorded process; null in what-ifs */
  readonly witness: PointerWitness | null;
  /** RSS by arena over time; null where nobody asks: in what-ifs, and in runs that only try something */
  arenaTimeline: ArenaTimeline | null = null;
  /** µs of log time between malloc_trim(0) calls of the scenario; Infinity for none */
  readonly #trimEvery: number;
  #nextTrim = Number.NaN;
  #besidePages = 0;
  /** where the log's pointer and the model disagree, the log is believed (anchor.ts); false: the model goes on */
  anchored = true;
  #blocks = new BlockChunks();
  readonly turns = new TurningPoints();
  /** calls that got memory in the log, and NULL here */
  failedCalls = 0;
  /** events begun */
  #event = 0;
  /** µs on the log's clock of the latest event that carries a time */
  #time = Number.NaN;

  readonly #pending = new PendingWrite();

  constructor(model: Ptmalloc, judge: PointerJudge | null, trimEverySeconds: number) {
    this.model = model;
    this.judge = judge;
    this.witness = judge === null ? null : new PointerWitness(model, judge);
    this.inUse = judge === null ? null : new PeakSeries();
    if (judge !== null) {
      model.trims ??= [];
    }
    this.#trimEvery = trimEverySeconds * 1e6;
  }

  /**
   * A run in the same state that shares nothing with this one. `spent` is one that nobody needs any more: its memory is
   * used again.
   */
  clone(spent: ScenarioRun | null = null): ScenarioRun {
    const copy = new ScenarioRun(
      this.model.clone(spent?.model ?? null),
      this.judge?.clone() ?? null,
      this.#trimEvery / 1e6,
    );
    if (this.witness !== null) {
      copy.witness?.inherit(this.witness);
    }
    for (let bit = 0; bit < PLANES; bit++) {
      copy.pages[bit]!.copy(this.pages[bit]!);
    }
    if (this.inUse !== null) {
      copy.inUse?.copy(this.inUse);
    }
    copy.peakTimes.set(this.peakTimes);
    for (const probe of this.probes) {
      copy.probes.push(probe);
    }
    copy.systemPeakBytes = this.systemPeakBytes;
    copy.trimmedPages.set(this.trimmedPages);
    copy.failedCalls = this.failedCalls;
    copy.#nextTrim = this.#nextTrim;
    copy.anchored = this.anchored;
    copy.#besidePages = this.#besidePages;
    if (spent !== null) {
      copy.#blocks = spent.#blocks;
    }
    copy.#blocks.copy(this.#blocks);
    copy.#event = this.#event;
    copy.#time = this.#time;
    copy.#pending.copy(this.#pending);
    copy.turns.kindred = this.turns.kindred;
    return copy;
  }

  /** The same as a run of a kindred version. */
  cloneAs(profile: Profile): ScenarioRun {
    const copy = this.clone();
    copy.model.adopt(profile);
    return copy;
  }

  /**
   * A what-if holds `bytes` beside its model: what the run as recorded has found in use although no line tells of it.
   * It is taken to be resident under any setting, since nobody knows which calls it is of.
   */
  holdBeside(bytes: number): void {
    const pages = Math.ceil(bytes / PAGE) - this.#besidePages;
    this.#besidePages += pages;
    this.model.resident.add(EVERY_PLANE, pages);
    this.model.systemBytes += pages * PAGE;
  }

  /** The chunk that holds live block `block`; 0 if the model could not serve it. */
  chunkOf(block: number): number {
    return this.#blocks.get(block);
  }

  /** Calls `visit` for every live block and the chunk that holds it. */
  eachBlock(visit: (block: number, chunk: number) => void): void {
    this.#blocks.each(visit);
  }

  /** Replays events from..to-1 of a batch. */
  replay(
    batch: EventBatch,
    actions: ActionBatch,
    touch: TouchBatch,
    from: number,
    to: number,
  ): void {
    for (let at = from; at < to; at += WARMED_EVENTS) {
      const end = Math.min(to, at + WARMED_EVENTS);
      this.#blocks.warm(this.model.chunks.words, actions, at, end);
      this.#replay(batch, actions, touch, at, end);
    }
  }

  #replay(
    batch: EventBatch,
    actions: ActionBatch,
    touch: TouchBatch,
    from: number,
    to: number,
  ): void {
    for (let i = from; i < to; i++) {
      const action = actions.action[i]!;
      if (this.turns.matter) {
        this.turns.before(this, batch, actions, i);
      }
      this.settle();
      this.#sample(batch.time[i]!);
      const { model } = this;
      model.enter(actions.thread[i]!);
      if (action === Action.none) {
        if (this.judge !== null) {
          this.#freeUnknown(this.judge, batch, i);
        }
        continue;
      }
      const pointer = batch.pointerOut[i]!;
      this.witness?.expect(this.#event - 1, action & ~LOST_FREE, pointer, batch.size[i]!);
      if (action >= LOST_FREE) {
        this.#free(actions.lost[i]!);
      }
      this.#call(action & ~LOST_FREE, batch, actions, touch, i);
    }
  }

  /** A free of what no line showed being allocated. */
  #freeUnknown(judge: PointerJudge, batch: EventBatch, i: number): void {
    if (!isUnknownFree(batch, i)) {
      return;
    }
    const c = findUnlogged(this.model, judge, batch.pointerIn[i]!);
    if (c !== 0) {
      freeUnlogged(this.model, c);
    }
  }

  /**
   * The frees of a batch whose blocks no line showed being allocated tell where chunks begin. Known before the first of
   * them is freed, they tell how large it is.
   */
  foresee(batch: EventBatch, actions: ActionBatch, next: EventBatch | null): void {
    const { judge } = this;
    if (judge === null) {
      return;
    }
    if (next !== null && this.model.unloggedGranules > 0) {
      for (let i = 0; i < next.length; i++) {
        if (isUnknownFree(next, i)) {
          splitUnlogged(this.model, judge, next.pointerIn[i]!);
        }
      }
    }
    for (let i = 0; i < batch.length; i++) {
      if (actions.action[i] === Action.none && isUnknownFree(batch, i)) {
        findUnlogged(this.model, judge, batch.pointerIn[i]!);
      }
    }
  }

  /** The end of the log: the last block is written, too. */
  finish(): void {
    this.settle();
    // The series end with the log, whether its last events changed something or not.
    this.model.resident.changed = true;
    this.#record();
  }

  /**
   * Takes the RSS as a hook would measure it that has just logged the last call: the program has not yet written
   * what that call returned.
   */
  probe(): void {
    this.probes.push(this.model.resident.pages.slice());
  }

  /** The log tells what the program has written of a block, and what it has not, though it was assumed (holes.ts). */
  learn(block: number, written: Ranges, takenBack: Ranges): void {
    const c = this.chunkOf(block);
    if (c === 0) {
      return;
    }
    if (c === this.#pending.chunk) {
      this.settle();
    }
    const { model } = this;
    for (let i = 0; i < written.length; i += 2) {
      model.write(c, written[i]!, written[i + 1]!, LOGGED_PLANES);
    }
    for (let i = 0; i < takenBack.length; i += 2) {
      model.markAbsent(c, takenBack[i]!, takenBack[i + 1]!);
    }
  }

  /** Thread `thread` ends here, although no line of the log says so. */
  exitThread(thread: number): void {
    this.settle();
    this.model.enter(thread);
    this.model.exitThread();
  }

  /** The scenario's malloc_trim(0). */
  trim(): void {
    this.#trim(0);
  }

  #trim(pad: number): void {
    const { pages } = this.model.resident;
    const before = pages.slice();
    this.model.mallocTrim(pad);
    for (let bit = 0; bit < PLANES; bit++) {
      this.trimmedPages[bit]! += before[bit]! - pages[bit]!;
    }
  }

  /** The program writes what it was given by the last call. */
  settle(): void {
    if (this.#pending.chunk !== 0) {
      this.#pending.settle(this.model);
    }
  }

  /** Takes the RSS after the event before this one, and trims when it is time. */
  #sample(time: number): void {
    this.#record();
    if (this.#event === this.arenaTimeline?.pointEnd) {
      this.arenaTimeline.closePoint(this.model);
    }
    this.#event++;
    if (Number.isNaN(time)) {
      return;
    }
    this.#time = time;
    if (this.#trimEvery === Number.POSITIVE_INFINITY) {
      return;
    }
    if (Number.isNaN(this.#nextTrim)) {
      this.#nextTrim = time + this.#trimEvery;
    }
    if (time < this.#nextTrim) {
      return;
    }
    this.trim();
    // Log time may jump over many periods; one trim does for all of them.
    this.#nextTrim += Math.ceil((time - this.#nextTrim + 1) / this.#trimEvery) * this.#trimEvery;
  }

  #record(): void {
    const { systemBytes, resident } = this.model;
    if (systemBytes > this.systemPeakBytes) {
      this.systemPeakBytes = systemBytes;
    }
    if (this.#event === 0) {
      return;
    }
    this.inUse?.record(this.#event - 1, this.model.inUseBytes);
    if (!resident.changed) {
      return;
    }
    resident.changed = false;
    for (let bit = 0; bit < PLANES; bit++) {
      const series = this.pages[bit]!;
      const pages = resident.pages[bit]!;
      if (pages > series.peak) {
        this.peakTimes[bit] = this.#time;
      }
      series.record(this.#event - 1, pages);
    }
  }

  #call(
    action: number,
    batch: EventBatch,
    actions: ActionBatch,
    touch: TouchBatch,
    i: number,
  ): void {
    const { model } = this;
    const size = batch.size[i]!;
    let c: number;
    switch (action) {
      case Action.malloc:
        c = model.malloc(size);
        break;
      case Action.free:
        this.#free(actions.block[i]!);
        return;
      case Action.calloc:
        c = model.calloc(size);
        break;
      case Action.realloc:
        c = this.#realloc(actions.block[i]!, size);
        break;
      case Action.memalign:
        c = model.memalign(batch.align[i]!, size);
        break;
      case Action.valloc:
        c = model.valloc(size);
        break;
      case Action.pvalloc:
        c = model.pvalloc(size);
        break;
      case Action.mallocTrim:
        this.#trim(size);
        return;
      case Action.mallopt:
        model.mallopt(batch.align[i]!, size);
        return;
      default:
        model.exitThread();
        return;
    }
    this.#served(c, batch, actions, touch, i);
  }

  #served(
    served: number,
    batch: EventBatch,
    actions: ActionBatch,
    touch: TouchBatch,
    i: number,
  ): void {
    const block = actions.block[i]!;
    const c = this.judge === null ? served : this.#judged(served, batch, actions, i);
    this.#blocks.set(block, c);
    if (c === 0) {
      this.failedCalls++;
      return;
    }
    this.#pending.expect(c, actions.oldSize[i]!, batch.size[i]!, touch, i);
  }

  /** The chunk of the block that event `i` returned: where the model put it, else where the log's pointer says. */
  #judged(c: number, batch: EventBatch, actions: ActionBatch, i: number): number {
    const { judge, model } = this;
    const pointer = batch.pointerOut[i]!;
    if (judge === null || judge.judge(model, c, pointer, this.#event, batch.line[i]!)) {
      return c;
    }
    if (!this.anchored) {
      return c;
    }
    const size = batch.size[i]!;
    const moved = anchor(model, judge, c, pointer, size);
    // What realloc copied and calloc cleared lies there, too (§5.1, §5.2).
    const action = actions.action[i]! & ~LOST_FREE;
    const kept = action === Action.calloc ? size : Math.min(actions.oldSize[i]!, size);
    if (moved !== 0 && model.chunks.words[moved + STATE] !== MAPPED) {
      model.write(moved, 0, kept, EVERY_PLANE);
    }
    return moved;
  }

  #realloc(block: number, size: number): number {
    const c = this.chunkOf(block);
    // A block that this run could not serve before is asked for anew.
    if (c === 0) {
      return this.model.malloc(size);
    }
    const moved = this.model.realloc(c, size);
    if (moved === 0) {
      this.model.free(c);
    }
    return moved;
  }

  #free(block: number): void {
    const c = this.chunkOf(block);
    if (c === 0) {
      return;
    }
    this.#blocks.set(block, 0);
    this.model.free(c);
  }
}

function isUnknownFree(batch: EventBatch, i: number): boolean {
  return batch.op[i] === Op.free && batch.pointerIn[i] !== 0;
}

/** The judge of a run as recorded; to ask for that of a what-if, which has none, is a fault. */
export function judgeOf({ judge }: ScenarioRun): PointerJudge {
  if (judge === null) {
    throw new Error("a run as recorded has a judge");
  }
  return judge;
}
