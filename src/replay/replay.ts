import { GRANULE, MAPPED, STATE } from "../ptmalloc/chunks.ts";
import type { ReplayHost } from "../ptmalloc/core-module.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { EVERY_PLANE } from "../ptmalloc/resident.ts";
import { loadRows } from "./batch-columns.ts";
import { blockIds, eachBlockChunk } from "./block-chunks.ts";
import type { Guide } from "./guide.ts";
import { REPLAY, ReplayState } from "./replay-state.ts";
import { RssRecord } from "./rss-record.ts";
import type { Work } from "./work.ts";
import type { Ranges } from "./writes/byte-ranges.ts";

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
  readonly state: ReplayState;

  /** the work that is replayed, and what to add to the number of an event for its row; null between two calls of `run` */
  #replaying: Work | null = null;
  #rowOfEvent = 0;

  /** `original`: the replay that `model` was copied from */
  constructor(
    model: Ptmalloc,
    trimEverySeconds = Number.POSITIVE_INFINITY,
    original: Replay | null = null,
  ) {
    this.model = model;
    this.rss = new RssRecord(model);
    this.state = new ReplayState(model.core);
    if (original === null) {
      model.core.calls.beginReplay(trimEverySeconds * 1e6);
    } else {
      this.rss.copy(original.rss);
      this.state.outsidePages = original.state.outsidePages;
    }
  }

  /** Returns a replay in the same state, without a guide, that shares nothing. It reuses the memory of `recycled`. */
  clone(recycled: Replay | null = null): Replay {
    return new Replay(this.model.clone(recycled?.model ?? null), undefined, this);
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

  /** From now on malloc_trim(0) is called every `period` of the log's clock after `start`, both in µs; it has not been due yet. */
  trimAtIntervals(period: number, start: number): void {
    const { f64 } = this.model.core.attached;
    f64[REPLAY.trimEvery] = period;
    f64[REPLAY.nextTrim] = start + period;
  }

  /** Returns the chunk of live block `block`; 0 if the model could not serve it. */
  chunkOf(block: number): number {
    return this.model.core.calls.chunkOf(block);
  }

  /** bytes outside the model, see `holdOutside` */
  get outsideBytes(): number {
    return this.state.outsidePages * this.model.pageBytes;
  }

  /** The ids of all live blocks are below this number. */
  get blockIds(): number {
    return blockIds(this.model);
  }

  /** Calls `visit` for every live block and its chunk. */
  eachBlock(visit: (block: number, chunk: number) => void): void {
    eachBlockChunk(this.model, visit);
  }

  /** Replays events from..to-1 of a batch. */
  run(work: Work, from: number, to: number): void {
    if (from >= to) {
      return;
    }
    const { core } = this.model;
    loadRows(core.attached, work, from, to, this.guide !== null);
    this.#replaying = work;
    this.#rowOfEvent = from - this.state.event;
    this.#writeFlags();
    core.replay(this.#host, (calls) => calls.run(from, to));
    this.guide?.collect();
    this.#replaying = null;
  }

  /** The row of the event that is being replayed; null if none is. */
  get current(): { readonly work: Work; readonly row: number } | null {
    const work = this.#replaying;
    return work === null ? null : { work, row: this.state.event - 1 + this.#rowOfEvent };
  }

  /** The log ends: the last block is written. */
  finish(): void {
    const { core } = this.model;
    this.#writeFlags();
    core.replay(this.#host, (calls) => calls.finish());
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
    if (c === this.model.core.attached.i32[REPLAY.pendingChunk]) {
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
    this.model.core.calls.endThread(thread);
  }

  /** The scenario's malloc_trim(0). */
  trim(): void {
    this.model.core.calls.trim(0);
  }

  /** Applies the program's write to the block of the last call. */
  settle(): void {
    this.model.core.calls.settle();
  }

  /** Tells the core what it is to report. */
  #writeFlags(): void {
    const { u8, f64 } = this.model.core.attached;
    u8[REPLAY.watchesPeaks] = Number(this.onPeak !== null);
    u8[REPLAY.watchesReuse] = Number(this.onArenaReuse !== null);
    const { guide } = this;
    u8[REPLAY.isGuided] = Number(guide !== null);
    const watched = guide?.watched() ?? null;
    u8[REPLAY.watchesSiblings] = Number(watched?.siblings ?? false);
    u8[REPLAY.watchesBreak] = Number(watched?.aboveBreak ?? false);
    u8[REPLAY.cutsPointers] = Number(watched?.cutPointers ?? false);
    u8[REPLAY.watchesCalls] = Number(watched?.calls ?? false);
    u8[REPLAY.watchesFrees] = Number(watched?.frees ?? false);
    f64[REPLAY.pointEnd] = watched?.pointEnd ?? -1;
  }

  /** What the core reports while it runs. */
  readonly #host: ReplayHost = {
    foundReuse: (row) => {
      const found = this.onArenaReuse;
      this.onArenaReuse = null;
      found?.(row);
    },
    foundPeak: (planes) => this.onPeak?.(planes),
    beforeEvent: (row) => this.#guided((guide, work) => guide.beforeEvent(work, row)),
    beforeCall: (row) => this.#guided((guide, work) => guide.beforeCall(work, row)),
    freeUnlogged: (row) => this.#guided((guide, work) => guide.freeUnlogged(work, row)),
    place: (c, row) => this.#guided((guide, work) => guide.place(c, work, row)) ?? c,
    closePoint: () => this.#guided((guide) => guide.closePoint()),
  };

  /** Makes a step of the guide, after which it may watch for something else. Returns its result; null: there is no guide. */
  #guided<T>(step: (guide: Guide, work: Work) => T): T | null {
    const { guide } = this;
    const work = this.#replaying;
    if (guide === null || work === null) {
      return null;
    }
    guide.collect();
    const result = step(guide, work);
    this.#writeFlags();
    return result;
  }
}
