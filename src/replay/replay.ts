import { GRANULE, MAPPED, STATE } from "../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { noteRequest } from "../ptmalloc/requests.ts";
import { EVERY_PLANE } from "../ptmalloc/resident.ts";
import { Action, LOST_FREE, withoutLostFree } from "../trace/actions.ts";
import { BlockChunks } from "./block-chunks.ts";
import type { Guide } from "./guide.ts";
import { PendingWrite } from "./pending-write.ts";
import { RssRecord } from "./rss-record.ts";
import type { Work } from "./work.ts";
import type { Ranges } from "./writes/byte-ranges.ts";

/** Events whose chunk records are brought into the cache at once: about 100 KiB. */
const WARMED_EVENTS = 512;

/**
 * One model that makes the log's calls. The trace names blocks by id; each replay keeps its own map from block to chunk.
 *
 * The program can write a block only after the call has returned. So its writes count from the next event on: an RSS
 * probe right after a call, as a hook takes it, does not include them. Peaks do.
 */
export class Replay {
  readonly model: Ptmalloc;
  readonly rss: RssRecord;
  /** null in what-ifs */
  guide: Guide | null = null;
  /** called once, before the first event whose thread has to share an arena; null: not watched */
  onArenaReuse: ((i: number) => void) | null = null;
  /** called between two events if RSS has reached a new peak, with its planes, one bit each; null: not watched */
  onPeak: ((planes: number) => void) | null = null;
  /** µs of log time between the scenario's malloc_trim(0) calls; Infinity for none */
  readonly #trimEvery: number;
  readonly #pending = new PendingWrite();
  #blocks = new BlockChunks();
  /** NaN first: avoids a Smi-to-double deoptimization. */
  readonly state = {
    /** calls that returned memory in the log and NULL here */
    failedCalls: 0,
    /** events begun */
    event: 0,
    /** µs on the log's clock of the latest event that carries a time */
    time: Number.NaN,
    /** µs on the log's clock when the scenario's next malloc_trim(0) is due */
    nextTrim: Number.NaN,
    /** pages outside the model, see `holdOutside` */
    outsidePages: 0,
  };

  /** the work that is replayed, and what to add to the number of an event for its row; null between two calls of `run` */
  #replaying: Work | null = null;
  #rowOfEvent = 0;

  constructor(model: Ptmalloc, trimEverySeconds = Number.POSITIVE_INFINITY, rss = new RssRecord()) {
    this.model = model;
    this.rss = rss;
    this.#trimEvery = trimEverySeconds * 1e6;
  }

  /** Returns a replay in the same state, without a guide, that shares nothing. It reuses the memory of `recycled`. */
  clone(recycled: Replay | null = null): Replay {
    const model = this.model.clone(recycled?.model ?? null);
    const copy = new Replay(model, this.#trimEvery / 1e6, recycled?.rss);
    copy.rss.copy(this.rss);
    if (recycled !== null) {
      copy.#blocks = recycled.#blocks;
    }
    copy.#blocks.copy(this.#blocks);
    copy.#pending.copy(this.#pending);
    Object.assign(copy.state, this.state);
    return copy;
  }

  /**
   * Sets the memory that a what-if holds outside its model to `bytes`: blocks allocated outside the log, found by the
   * recorded run. It counts as resident under every setting, because the calls behind it are unknown.
   */
  holdOutside(bytes: number): void {
    const { pageBytes } = this.model;
    const pages = Math.ceil(bytes / pageBytes) - this.state.outsidePages;
    this.state.outsidePages += pages;
    this.model.resident.add(EVERY_PLANE, pages);
    this.model.systemBytes += pages * pageBytes;
  }

  /** Returns the chunk of live block `block`; 0 if the model could not serve it. */
  chunkOf(block: number): number {
    return this.#blocks.get(block);
  }

  /** bytes outside the model, see `holdOutside` */
  get outsideBytes(): number {
    return this.state.outsidePages * this.model.pageBytes;
  }

  /** Calls `visit` for every live block and its chunk. */
  eachBlock(visit: (block: number, chunk: number) => void): void {
    this.#blocks.each(visit);
  }

  /** Replays events from..to-1 of a batch. */
  run(work: Work, from: number, to: number): void {
    for (let at = from; at < to; at += WARMED_EVENTS) {
      const end = Math.min(to, at + WARMED_EVENTS);
      this.#blocks.warm(this.model.chunks.words, work.actions, at, end);
      this.#replaying = work;
      this.#rowOfEvent = at - this.state.event;
      this.#run(work, at, end);
    }
    this.#replaying = null;
  }

  /** The row of the event that is being replayed; null if none is. */
  get current(): { readonly work: Work; readonly row: number } | null {
    const work = this.#replaying;
    return work === null ? null : { work, row: this.state.event - 1 + this.#rowOfEvent };
  }

  /** The log ends: the last block is written. */
  finish(): void {
    this.settle();
    // The series end with the log, even if its last events changed nothing.
    this.model.resident.changed = true;
    const event = this.state.event - 1;
    const risen = this.rss.record(this.model, event, this.state.time);
    this.guide?.finish(event);
    this.#report(risen);
  }

  /** Takes the RSS as a hook measures it right after a call: without the program's write to that call's block. */
  probe(): void {
    this.rss.probe(this.model);
  }

  /** Applies what the log states of a block's bytes: `written`, and `unwritten` where the policy assumed a write. */
  learn(block: number, written: Ranges, unwritten: Ranges): void {
    const c = this.chunkOf(block);
    if (c === 0) {
      return;
    }
    if (c === this.#pending.chunk) {
      this.settle();
    }
    this.model.learn(c, written, unwritten);
  }

  /**
   * The mapping of a block that is aligned above a page ends `bytes` above the block, which lies at `pointer` in the log.
   * A what-if that maps the block gives it the same place in its mapping.
   */
  endMapping(block: number, pointer: number, bytes: number): void {
    const { model, guide } = this;
    const c = this.chunkOf(block);
    if (c === 0 || model.chunks.words[c + STATE] !== MAPPED) {
      return;
    }
    const { totalBytes, offset } = model.mappingOf(c);
    const lead = totalBytes - bytes;
    const assumed = (offset + 1) * GRANULE;
    const isAlignedAbovePage = assumed > model.pageBytes && assumed % model.pageBytes === 0;
    if (!isAlignedAbovePage || lead < model.pageBytes || lead % model.pageBytes !== 0) {
      return;
    }
    if (guide !== null) {
      guide.showMappingStart(c, pointer, pointer - lead);
    } else if (lead < assumed) {
      model.advanceMapped(c, (lead - assumed) / GRANULE);
    }
  }

  /** Ends thread `thread`. */
  exitThread(thread: number): void {
    this.settle();
    this.model.enter(thread);
    this.model.exitThread();
  }

  /** The scenario's malloc_trim(0). */
  trim(): void {
    this.rss.trim(this.model, 0);
  }

  /** Applies the program's write to the block of the last call. */
  settle(): void {
    if (this.#pending.chunk !== 0) {
      this.#pending.settle(this.model);
    }
  }

  #run(work: Work, from: number, to: number): void {
    const { model, guide } = this;
    const { batch, actions } = work;
    for (let i = from; i < to; i++) {
      const action = actions.action[i]!;
      if (this.onArenaReuse !== null && action !== Action.none) {
        this.#watchReuse(actions.thread[i]!, i);
      }
      guide?.beforeEvent(work, i);
      this.settle();
      this.#begin(batch.time[i]!);
      if (action === Action.freeAfterExit) {
        model.enterEnded(actions.thread[i]!);
      } else {
        model.enter(actions.thread[i]!);
      }
      if (action === Action.none) {
        guide?.freeUnlogged(work, i);
        continue;
      }
      const call = withoutLostFree(action);
      guide?.beforeCall(work, i, this.state.event - 1, call);
      if (action >= LOST_FREE) {
        this.#free(actions.lost[i]!);
      }
      this.#call(call, work, i);
    }
  }

  #watchReuse(thread: number, i: number): void {
    if (this.model.mayReuseArena(thread)) {
      const found = this.onArenaReuse;
      this.onArenaReuse = null;
      found?.(i);
    }
  }

  #report(risen: number): void {
    if (risen !== 0) {
      this.onPeak?.(risen);
    }
  }

  /** Records the RSS after the previous event, begins the next one, and trims when it is time. */
  #begin(time: number): void {
    const { state } = this;
    const risen = this.rss.record(this.model, state.event - 1, state.time);
    this.guide?.afterEvent(state.event - 1);
    this.#report(risen);
    state.event++;
    if (Number.isNaN(time)) {
      return;
    }
    state.time = time;
    if (this.#trimEvery === Number.POSITIVE_INFINITY) {
      return;
    }
    if (Number.isNaN(state.nextTrim)) {
      state.nextTrim = time + this.#trimEvery;
    }
    if (time < state.nextTrim) {
      return;
    }
    this.trim();
    // Log time may jump over many periods: one trim serves them all.
    const periods = Math.ceil((time - state.nextTrim + 1) / this.#trimEvery);
    state.nextTrim += periods * this.#trimEvery;
  }

  #call(action: Action, work: Work, i: number): void {
    const { model } = this;
    const { batch, actions } = work;
    const size = batch.size[i]!;
    switch (action) {
      case Action.malloc:
        this.#serve(model.malloc(size), work, i);
        return;
      case Action.free:
      case Action.freeAfterExit:
        this.#free(actions.block[i]!);
        return;
      case Action.calloc:
        this.#serve(model.calloc(size), work, i);
        return;
      case Action.realloc:
        this.#serve(this.#realloc(actions.block[i]!, size), work, i);
        return;
      case Action.memalign:
        this.#serve(model.memalign(batch.align[i]!, size), work, i);
        return;
      case Action.valloc:
        this.#serve(model.valloc(size), work, i);
        return;
      case Action.pvalloc:
        this.#serve(model.pvalloc(size), work, i);
        return;
      case Action.mallocTrim:
        this.rss.trim(model, size);
        return;
      case Action.mallopt:
        model.mallopt(batch.align[i]!, size);
        return;
      case Action.none:
        return;
      default:
        throw new RangeError(`unknown action ${action satisfies never}`);
    }
  }

  /** The model returned chunk `served` for event `i`; 0 is NULL. */
  #serve(served: number, work: Work, i: number): void {
    const { batch, actions, touch } = work;
    const c =
      this.guide === null ? served : this.guide.place(served, work, i, this.state.event - 1);
    this.#blocks.set(actions.block[i]!, c);
    if (c === 0) {
      this.state.failedCalls++;
      return;
    }
    noteRequest(this.model, c, batch.size[i]!);
    this.#pending.expect(c, actions.oldSize[i]!, batch.size[i]!, touch, i);
  }

  #realloc(block: number, size: number): number {
    const c = this.chunkOf(block);
    // The model could not serve the block before: it is a new one now.
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
