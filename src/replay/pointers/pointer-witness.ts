import type { Arena } from "../../ptmalloc/arena.ts";
import { ADDR, GRANULE, HEAP } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc, Witness } from "../../ptmalloc/ptmalloc.ts";
import { applySetting, MallocPar } from "../../ptmalloc/settings.ts";
import { requestToGranules } from "../../ptmalloc/size-classes.ts";
import { Action } from "../../trace/actions.ts";
import type { LateExits } from "../work.ts";
import type { PointerJudge } from "./pointer-judge.ts";

/** A setting that the log's pointers show: its value lies in `above` + 1 .. `upTo`, and `value` is the likeliest of these. */
export interface ShownSetting {
  readonly name: string;
  readonly value: number;
  readonly above: number;
  /** Infinity: the log shows no limit */
  readonly upTo: number;
  /** other settings that would explain the same */
  readonly others: readonly string[];
}

const ARENA_MAX = "MALLOC_ARENA_MAX";
export const MMAP_THRESHOLD = "MALLOC_MMAP_THRESHOLD_";
const DEFAULT_MMAP_THRESHOLD = 131072;
/** the others that freeze the threshold, at its default */
const FREEZING = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_"];
/** From 2.17 to 2.34 a threshold cannot be set higher: what stays unmapped beyond it has another cause. */
const MMAP_THRESHOLD_CAP = 32 * 1024 * 1024;

/** A model that has missed more pointers than this is not in the state the process was in, and shows nothing. */
const GOOD_STANDING = 0.99;

/**
 * What the pointer that a call returned shows of settings that decide within the call (ptmalloc2.md §12.9). Until a
 * setting first decides, a process that has it is in the state of one that has not; so where the model, right so far,
 * would choose one way and the pointer shows the other, the setting is taken up there and then, which is exact.
 *
 * - A thread gets the main arena though more may be made: MALLOC_ARENA_MAX. An arena left by others is never that one.
 * - A thread gets another arena than the one that would be its turn: which one comes first on the free list, and whose
 *   lock is free, is decided between threads (§12.3). It is no setting, and shows at any time.
 * - A request is mapped below the mmap threshold, or put on top of a heap above it: MALLOC_MMAP_THRESHOLD_, or a
 *   threshold frozen at its default by another of the four settings that freeze it (trap T18).
 */
export class PointerWitness implements Witness {
  /** settings of the recorded process are unknown, and may be found out */
  infersSettings = false;
  /** pointers that only a setting found out set right */
  explained = 0;
  /** the log tells of thread exits */
  tellsExits = false;
  /** what the arenas given to threads show of exits, in order, until this is emptied */
  readonly found: LateExits[] = [];

  readonly #model: Ptmalloc;
  readonly #judge: PointerJudge;
  #event = 0;
  /** pointer that the current call returned, 0 for none, and bytes it asked for, −1 where an alignment is added */
  #pointer = 0;
  #bytes = -1;
  /** the current call is a realloc: its block need not come from the thread's own arena */
  #isRealloc = false;
  #arenaMax = 0;
  /** pointers right before the call that showed it; −1 once that is judged */
  #rightBefore = -1;
  #showsThreshold = false;
  #firstOfHeap = 0;
  /** pointers that only the arena chosen set right; those right before the latest choice, −1 once that is judged */
  #arenasRight = 0;
  #rightBeforeChoice = -1;
  /** chunk sizes in bytes: the largest that was put on top for want of room, the smallest that was mapped */
  #largestOnTop = 0;
  #smallestMapped = Number.POSITIVE_INFINITY;

  constructor(model: Ptmalloc, judge: PointerJudge) {
    this.#model = model;
    this.#judge = judge;
    model.witness = this;
  }

  /** Knows what `other`, the witness of the same run before it was copied, knows. */
  inherit(other: PointerWitness): void {
    this.infersSettings = other.infersSettings;
    this.tellsExits = other.tellsExits;
    this.explained = other.explained;
    this.#event = other.#event;
    this.#pointer = other.#pointer;
    this.#bytes = other.#bytes;
    this.#isRealloc = other.#isRealloc;
    this.#arenaMax = other.#arenaMax;
    this.#rightBefore = other.#rightBefore;
    this.#showsThreshold = other.#showsThreshold;
    this.#firstOfHeap = other.#firstOfHeap;
    this.found.push(...other.found);
    this.#arenasRight = other.#arenasRight;
    this.#rightBeforeChoice = other.#rightBeforeChoice;
    this.#largestOnTop = other.#largestOnTop;
    this.#smallestMapped = other.#smallestMapped;
  }

  /** The model is about to make the call of event number `event` (0-based) that in the log returned `pointer` for `bytes`. */
  expect(event: number, action: number, pointer: number, bytes: number): void {
    if (this.#rightBefore >= 0) {
      this.#confirmArenaMax();
    }
    if (this.#rightBeforeChoice >= 0) {
      this.#arenasRight = this.arenaChoices;
      this.#rightBeforeChoice = -1;
    }
    this.#event = event;
    this.#pointer = pointer;
    this.#isRealloc = action === Action.realloc;
    this.#bytes = action <= Action.realloc ? bytes : -1;
  }

  /** The settings found out so far. */
  get settings(): ShownSetting[] {
    const shown: ShownSetting[] = [];
    const { arenaMax, mmapThreshold } = this.#model.par;
    if (this.#arenaMax !== 0 && this.#rightBefore < 0) {
      const range = { above: arenaMax - 1, upTo: arenaMax };
      shown.push({ name: ARENA_MAX, value: arenaMax, ...range, others: [] });
    }
    if (this.#showsThreshold) {
      const [above, upTo] = [this.#largestOnTop, this.#smallestMapped];
      const others = mmapThreshold === DEFAULT_MMAP_THRESHOLD ? FREEZING : [];
      shown.push({ name: MMAP_THRESHOLD, value: mmapThreshold, above, upTo, others });
    }
    return shown;
  }

  /** Pointers that are as logged only since their thread was given the arena that they show. */
  get arenaChoices(): number {
    const before = this.#rightBeforeChoice;
    return this.#arenasRight + (before >= 0 && this.#judge.equal > before ? 1 : 0);
  }

  /** A block that was in an arena before need not be in its thread's own, and one with a mapping shows none. */
  arenaShown(): Arena | "new" | null {
    // Where exits are not told, a pointer that goes wrong is to show them (exit-hypotheses.ts): it is not explained away.
    if (!this.tellsExits || this.#isRealloc || this.#pointer === 0) {
      return null;
    }
    if (this.#judge.isFirstOfNew(this.#model, this.#pointer)) {
      return "new";
    }
    return this.#judge.onlyHeapOf(this.#model, this.#pointer)?.arena ?? null;
  }

  choseArena(passedOver: readonly Arena[]): void {
    this.#rightBeforeChoice = this.#judge.equal;
    if (passedOver.length === 0) {
      return;
    }
    const late = passedOver.map(({ detachedBy }) => detachedBy);
    const { index } = this.#model.thread;
    this.found.push({ what: "lateExits", before: this.#event, thread: index, late });
  }

  sharesArena(): boolean {
    if (this.#isRealloc || this.#judge.mayBeFirst(this.#pointer)) {
      return false;
    }
    return this.#judge.placeOf(this.#model, this.#pointer, 0).heap >= 0;
  }

  sharesMainArena(): boolean {
    if (!this.#mayInfer || this.#isRealloc || this.#judge.mayBeFirst(this.#pointer)) {
      return false;
    }
    const { heap } = this.#judge.placeOf(this.#model, this.#pointer, 0);
    if (heap !== this.#model.breakHeap.id) {
      return false;
    }
    this.#arenaMax = this.#model.arenas.length;
    adoptSetting(this.#model, ARENA_MAX, this.#arenaMax);
    this.explained++;
    this.#rightBefore = this.#judge.equal;
    return true;
  }

  /**
   * Under a limit the block is where the main arena has one to give a newcomer. Where it is not, the thread may be a
   * forked process, which goes on with a copy of the main arena and of its parent's cache.
   */
  #confirmArenaMax(): void {
    const isConfirmed = this.#judge.equal > this.#rightBefore;
    this.#rightBefore = -1;
    if (isConfirmed) {
      return;
    }
    this.#arenaMax = 0;
    this.#model.par.arenaMax = 0;
    this.#model.arenaLimit = 0;
    this.explained--;
  }

  /**
   * Bytes of a chunk that was never mapped, whatever the settings: the one that the main heap began with, as long as the
   * model is right, for there was no top then which could have held it below the threshold. 0: none has shown.
   */
  get neverMapped(): number {
    const { compared, equal } = this.#judge;
    return equal >= compared * GOOD_STANDING ? this.#firstOfHeap : 0;
  }

  isMapped(av: Arena, bytes: number, mapped: boolean): boolean {
    if (av.main && av.top === 0 && !mapped) {
      this.#firstOfHeap = bytes;
    }
    // A call may take memory for glibc itself first.
    if (!this.#mayInfer || requestToGranules(this.#bytes) * GRANULE !== bytes) {
      return mapped;
    }
    const isOnTop = this.#isOnTop(av);
    if (!isOnTop && !this.#judge.mayBeMapped(this.#model, this.#pointer)) {
      return mapped;
    }
    if (isOnTop) {
      this.#largestOnTop = Math.max(this.#largestOnTop, bytes);
    } else {
      this.#smallestMapped = Math.min(this.#smallestMapped, bytes);
    }
    if (isOnTop !== mapped) {
      return mapped;
    }
    const value = this.#likeliestThreshold();
    if (value === null) {
      this.#refute();
      return mapped;
    }
    this.#showsThreshold = true;
    adoptSetting(this.#model, MMAP_THRESHOLD, value);
    this.explained++;
    return !isOnTop;
  }

  get #mayInfer(): boolean {
    const { compared, equal } = this.#judge;
    return this.infersSettings && equal >= compared * GOOD_STANDING;
  }

  /** True if the log puts the block where `av`'s top begins, which is to grow. */
  #isOnTop(av: Arena): boolean {
    if (av.top === 0) {
      return false;
    }
    const w = this.#model.chunks.words;
    const { heap, offset } = this.#judge.placeOf(this.#model, this.#pointer, 0);
    return heap === w[av.top + HEAP] && offset === (w[av.top + ADDR]! + 1) * GRANULE;
  }

  /** No threshold explains what the pointers show: what was taken for one was something else. */
  #refute(): void {
    if (!this.#showsThreshold) {
      return;
    }
    this.#showsThreshold = false;
    retractThreshold(this.#model);
  }

  /** The default, if the sizes seen allow it, else the roundest number they allow; null if they allow none. */
  #likeliestThreshold(): number | null {
    const above = this.#largestOnTop;
    const upTo = this.#smallestMapped;
    if (above >= upTo) {
      return null;
    }
    if (above >= MMAP_THRESHOLD_CAP && this.#model.profile.mmapThresholdCapped) {
      return null;
    }
    return above < DEFAULT_MMAP_THRESHOLD && DEFAULT_MMAP_THRESHOLD <= upTo
      ? DEFAULT_MMAP_THRESHOLD
      : roundest(above, upTo);
  }
}

/** The least multiple of the highest power of two in above + 1 .. upTo; without a limit, the next power of two. */
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

/** The process had this setting all along, but it has decided nothing so far. */
export function adoptSetting(m: Ptmalloc, name: string, value: number): void {
  const wasFrozen = m.par.noDynThreshold;
  applySetting(m.par, m.profile, name, String(value));
  if (m.par.noDynThreshold && !wasFrozen) {
    m.par.trimThreshold = new MallocPar(m.profile).trimThreshold;
  }
  if (m.arenaLimit !== 0 && m.par.arenaMax !== 0) {
    m.arenaLimit = m.par.arenaMax;
  }
  m.updateLimits();
}

/** The process had no mmap threshold of its own after all. */
export function retractThreshold(m: Ptmalloc): void {
  const { mmapThreshold, trimThreshold, noDynThreshold } = new MallocPar(m.profile);
  Object.assign(m.par, { mmapThreshold, trimThreshold, noDynThreshold });
}
