import type { Arena } from "../../ptmalloc/arena.ts";
import { ADDR, GRANULE, HEAP } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc, Witness } from "../../ptmalloc/ptmalloc.ts";
import { DEFAULT_MMAP_THRESHOLD, DEFAULT_MMAP_THRESHOLD_MAX } from "../../ptmalloc/settings.ts";
import { requestToGranules } from "../../ptmalloc/size-classes.ts";
import { Action, withoutLostFree } from "../../trace/actions.ts";
import {
  ARENA_MAX,
  adoptSetting,
  MMAP_THRESHOLD,
  retractThreshold,
  type ShownSetting,
} from "../inferred-settings.ts";
import type { LateExits } from "../insertions.ts";
import type { Work } from "../work.ts";
import type { PointerJudge } from "./pointer-judge.ts";

/** the other settings that freeze the mmap threshold, at its default (trap T18) */
const FREEZING = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_"];

/** Below this matched part of all compared pointers, the model's state is not the process's and shows nothing. */
const GOOD_STANDING = 0.99;

/**
 * Derives settings from the pointer that a call returned, where a setting decides within the call (ptmalloc2.md §12.9).
 * Until a setting first decides, a process with it is in the same state as one without it. So where the model, right so
 * far, would take one branch and the pointer shows the other, the model adopts the setting at that call, which is exact.
 *
 * - A thread gets the main arena although more arenas may be made: MALLOC_ARENA_MAX. An arena that ended threads have
 *   left is never the main arena.
 * - A thread gets another arena than the next in order. The order of the free list and the locks held are decided
 *   between threads (§12.3). This is no setting and may show at any time.
 * - A request is mapped below the mmap threshold, or put on top of a heap above it: MALLOC_MMAP_THRESHOLD_, or a
 *   threshold frozen at its default by another of the four settings that freeze it (trap T18).
 */
export class PointerWitness implements Witness {
  /** what the arenas given to threads show of exits, in order, since this was last emptied */
  readonly found: LateExits[] = [];
  /** by thread that begins in the current batch, its first pointer, which comes in the next one */
  readonly coming = new Map<number, number>();
  readonly state = {
    /** the recorded process's settings are unknown and may be inferred */
    infersSettings: false,
    /** the log has thread_exit lines */
    logsExits: false,
    /** pointers that match only because of an inferred setting */
    explained: 0,
    event: 0,
    /** pointer that the current call returned; 0 for none */
    pointer: 0,
    /** bytes that the current call requested; −1 where an alignment is added */
    bytes: -1,
    /** the current call is a realloc: its block need not come from the thread's own arena */
    isRealloc: false,
    /** inferred MALLOC_ARENA_MAX; 0: none */
    arenaMax: 0,
    /** matched pointers before the call that showed it; −1 once that call is judged */
    matchedBefore: -1,
    showsThreshold: false,
    /** bytes of the chunk that the main heap began with */
    firstOfHeap: 0,
    /** pointers that match only because of the arena chosen */
    arenasMatched: 0,
    /** matched pointers before the latest choice; −1 once that call is judged */
    matchedBeforeChoice: -1,
    /** largest chunk, in bytes, that was put on top because no free chunk could hold it */
    largestOnTop: 0,
    /** smallest chunk, in bytes, that was mapped */
    smallestMapped: Number.POSITIVE_INFINITY,
  };
  /** called before each answer: may `follow` and `expect` the current call; null: that is done before each call */
  beforeAnswer: (() => void) | null = null;
  readonly #model: Ptmalloc;
  readonly #judge: PointerJudge;
  /** the current event and those after it; not copied: holds for one call */
  #work: Pick<Work, "batch" | "actions"> | null = null;
  #at = 0;

  constructor(model: Ptmalloc, judge: PointerJudge) {
    this.#model = model;
    this.#judge = judge;
    model.witness = this;
  }

  copy(from: PointerWitness): void {
    Object.assign(this.state, from.state);
    this.found.splice(0, this.found.length, ...from.found);
    this.coming.clear();
    for (const [thread, pointer] of from.coming) {
      this.coming.set(thread, pointer);
    }
  }

  /** The recorded process's settings are unknown: infer them. */
  inferSettings(): void {
    this.state.infersSettings = true;
  }

  /** Sets whether the log has thread_exit lines. */
  logsExits(does: boolean): void {
    this.state.logsExits = does;
  }

  /** The model is about to make the call of event `i` of the work; `expect` follows. */
  follow(work: Pick<Work, "batch" | "actions">, i: number): void {
    this.#work = work;
    this.#at = i;
  }

  /** The model is about to make the call of event number `event` (0-based), which returned `pointer` in the log. */
  expect(event: number, action: Action, pointer: number, bytes: number): void {
    const { state } = this;
    if (state.matchedBefore >= 0) {
      this.#confirmArenaMax();
    }
    if (state.matchedBeforeChoice >= 0) {
      state.arenasMatched = this.arenaChoices;
      state.matchedBeforeChoice = -1;
    }
    state.event = event;
    state.pointer = pointer;
    state.isRealloc = action === Action.realloc;
    state.bytes = action <= Action.realloc ? bytes : -1;
  }

  /** True if the next call must be expected, because the pointer of the last one has shown something. */
  get awaitsCall(): boolean {
    return this.state.matchedBefore >= 0 || this.state.matchedBeforeChoice >= 0;
  }

  /** the settings inferred so far */
  get settings(): ShownSetting[] {
    const { state } = this;
    const shown: ShownSetting[] = [];
    const { arenaMax, mmapThreshold } = this.#model.par;
    if (state.arenaMax !== 0 && state.matchedBefore < 0) {
      const range = { above: arenaMax - 1, upTo: arenaMax };
      shown.push({ name: ARENA_MAX, value: arenaMax, ...range, others: [] });
    }
    if (state.showsThreshold) {
      const [above, upTo] = [state.largestOnTop, state.smallestMapped];
      const others = mmapThreshold === DEFAULT_MMAP_THRESHOLD ? FREEZING : [];
      shown.push({ name: MMAP_THRESHOLD, value: mmapThreshold, above, upTo, others });
    }
    return shown;
  }

  /** pointers that match only because their thread was given the arena that they show */
  get arenaChoices(): number {
    const { arenasMatched, matchedBeforeChoice: before } = this.state;
    return arenasMatched + (before >= 0 && this.#judge.matched > before ? 1 : 0);
  }

  arenaShown(): Arena | "new" | null {
    this.beforeAnswer?.();
    const { addresses } = this.#judge;
    const pointer = this.#pointerInArena();
    if (pointer === 0) {
      return null;
    }
    if (addresses.isFirstOfNewArena(this.#model, pointer)) {
      return "new";
    }
    const arena = addresses.onlyHeapOf(this.#model, pointer)?.arena ?? null;
    // Without thread_exit lines an arena in use is evidence of an exit (explain/exits.ts), which must not vanish here.
    return this.state.logsExits || this.#model.freeList.arenas().some((av) => av === arena)
      ? arena
      : null;
  }

  /**
   * Returns the pointer that shows the arena which the current thread is given; 0 if none does. The call itself may show
   * none: a free or a realloc attaches the thread, too, for its tcache (§3.2), and a mapped block lies in no arena. Then
   * the thread's next call shows it, unless it takes a block from the tcache.
   */
  #pointerInArena(): number {
    const work = this.#work;
    const { isRealloc, pointer } = this.state;
    if (work === null) {
      return isRealloc ? 0 : pointer;
    }
    const { batch, actions } = work;
    const thread = actions.thread[this.#at]!;
    const freed = new Set<number>();
    for (let i = this.#at; i < batch.length; i++) {
      if (actions.thread[i] !== thread) {
        continue;
      }
      const action = withoutLostFree(actions.action[i]!);
      const out = batch.pointerOut[i]!;
      const isNew = action === Action.malloc || action === Action.calloc;
      const isAligned = action === Action.memalign;
      if (
        (isNew || isAligned) &&
        out !== 0 &&
        out % this.#model.pageBytes !== GRANULE &&
        !freed.has(out)
      ) {
        return out;
      }
      freed.add(batch.pointerIn[i]!);
    }
    const coming = this.coming.get(thread) ?? 0;
    return coming % this.#model.pageBytes === GRANULE ? 0 : coming;
  }

  choseArena(passedOver: readonly Arena[]): void {
    this.beforeAnswer?.();
    this.state.matchedBeforeChoice = this.#judge.matched;
    if (passedOver.length === 0) {
      return;
    }
    const late = passedOver.map(({ detachedBy }) => detachedBy);
    const { index } = this.#model.thread;
    this.found.push({ kind: "lateExits", before: this.state.event, thread: index, late });
  }

  sharesArena(): boolean {
    this.beforeAnswer?.();
    const heap = this.#sharedHeap();
    // A limit of 8 per CPU is seldom reached by chance, one of 8 or more often: without thread_exit lines, threads that
    // ended unseen may have left any arena but the main one.
    const isLimit = this.state.logsExits || this.#model.profile.arenaLimit === "eightPerCpu";
    return isLimit ? heap >= 0 : heap === this.#model.breakHeap.id;
  }

  /** Returns the id of the known heap that serves the current thread; −1 if none is known, or the arena may be new. */
  #sharedHeap(): number {
    const { addresses } = this.#judge;
    const pointer = this.#pointerInArena();
    if (pointer === 0 || addresses.mayBeFirst(pointer)) {
      return -1;
    }
    return addresses.placeOf(this.#model, pointer, 0).heap;
  }

  sharesMainArena(): boolean {
    this.beforeAnswer?.();
    const { state } = this;
    // The block of this very call must confirm it.
    const confirms = state.pointer !== 0 && !state.isRealloc;
    if (!this.#mayInfer || !confirms || this.#sharedHeap() !== this.#model.breakHeap.id) {
      return false;
    }
    state.arenaMax = this.#model.arenas.length;
    adoptSetting(this.#model, ARENA_MAX, state.arenaMax);
    state.explained++;
    state.matchedBefore = this.#judge.matched;
    return true;
  }

  /**
   * Under a limit the block lies where the main arena serves a new thread. If it does not, the thread may be a forked
   * process, which goes on with a copy of the main arena and of its parent's tcache.
   */
  #confirmArenaMax(): void {
    const { state } = this;
    const isConfirmed = this.#judge.matched > state.matchedBefore;
    state.matchedBefore = -1;
    if (isConfirmed) {
      return;
    }
    state.arenaMax = 0;
    this.#model.par.arenaMax = 0;
    this.#model.arenaLimit = 0;
    state.explained--;
  }

  /**
   * Bytes of a chunk that no setting maps: the one that the main heap began with, while the model is right, because
   * there was no top then that could have held it below the threshold. 0: none is known.
   */
  get neverMapped(): number {
    return this.#isInGoodStanding ? this.state.firstOfHeap : 0;
  }

  isMapped(av: Arena, bytes: number, mapped: boolean): boolean {
    this.beforeAnswer?.();
    const { state } = this;
    if (av.main && av.top === 0 && !mapped) {
      state.firstOfHeap = bytes;
    }
    const { addresses, mappings } = this.#judge;
    if (mapped && state.pointer !== 0) {
      if (!addresses.isInHeap(this.#model, state.pointer)) {
        mappings.capThreshold(bytes);
      } else if (mappings.raiseThreshold(this.#model, av, bytes)) {
        state.explained++;
        return false;
      }
    }
    // A call may first take memory for glibc itself.
    if (!this.#mayInfer || requestToGranules(state.bytes) * GRANULE !== bytes) {
      return mapped;
    }
    const isOnTop = this.#isOnTop(av);
    if (!isOnTop && !this.#judge.addresses.mayBeMapped(this.#model, state.pointer)) {
      return mapped;
    }
    if (isOnTop) {
      state.largestOnTop = Math.max(state.largestOnTop, bytes);
    } else {
      state.smallestMapped = Math.min(state.smallestMapped, bytes);
    }
    if (isOnTop !== mapped) {
      return mapped;
    }
    const value = this.#likeliestThreshold();
    if (value === null) {
      this.#refuteThreshold();
      return mapped;
    }
    state.showsThreshold = true;
    adoptSetting(this.#model, MMAP_THRESHOLD, value);
    state.explained++;
    return !isOnTop;
  }

  get #mayInfer(): boolean {
    return this.state.infersSettings && this.#isInGoodStanding;
  }

  get #isInGoodStanding(): boolean {
    const { compared, matched } = this.#judge.state;
    return matched >= compared * GOOD_STANDING;
  }

  /** True if the log puts the block where the top of `av`, which must grow, begins. */
  #isOnTop(av: Arena): boolean {
    if (av.top === 0) {
      return false;
    }
    const w = this.#model.chunks.words;
    const { heap, offset } = this.#judge.addresses.placeOf(this.#model, this.state.pointer, 0);
    return heap === w[av.top + HEAP] && offset === (w[av.top + ADDR]! + 1) * GRANULE;
  }

  /** No threshold explains the pointers: the one inferred was something else. */
  #refuteThreshold(): void {
    if (!this.state.showsThreshold) {
      return;
    }
    this.state.showsThreshold = false;
    retractThreshold(this.#model);
  }

  /** Returns the default if the sizes seen allow it, else the roundest number they allow; null if they allow none. */
  #likeliestThreshold(): number | null {
    const { largestOnTop: above, smallestMapped: upTo } = this.state;
    if (above >= upTo) {
      return null;
    }
    // No setting is larger where glibc caps it: an unmapped chunk beyond the cap has another cause.
    if (above >= DEFAULT_MMAP_THRESHOLD_MAX && this.#model.profile.mmapThresholdCapped) {
      return null;
    }
    return above < DEFAULT_MMAP_THRESHOLD && DEFAULT_MMAP_THRESHOLD <= upTo
      ? DEFAULT_MMAP_THRESHOLD
      : roundest(above, upTo);
  }
}

/** Returns the least multiple of the highest power of two in above + 1 .. upTo; without a limit, the next power of two. */
function roundest(above: number, upTo: number): number {
  let step = 1;
  const next = (): number => (Math.floor(above / step) + 1) * step;
  while (Number.isFinite(upTo) ? next() <= upTo : step <= above) {
    step *= 2;
  }
  if (Number.isFinite(upTo)) {
    step /= 2;
  }
  return next();
}
