import { expect, it } from "vitest";
import { ADDR, HEAP, MAPPED, PREV, SIZE, STATE } from "../../src/ptmalloc/chunks.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { type Machine, X86_64 } from "../../src/ptmalloc/machine.ts";
import * as newPlace from "../../src/ptmalloc/place.ts";
import { PROFILES, type Profile } from "../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { regainTop } from "../../src/ptmalloc/regain-top.ts";
import { noteRequest, requestedBytes } from "../../src/ptmalloc/requests.ts";
import { applySetting, MallocPar } from "../../src/ptmalloc/settings.ts";
import { freeUnlogged } from "../../src/ptmalloc/unlogged.ts";
import { checkInvariants as checkOldInvariants } from "../support/old-model/invariants.ts";
import * as oldPlace from "../support/old-model/place.ts";
import { Ptmalloc as OldPtmalloc } from "../support/old-model/ptmalloc.ts";
import { regainTop as oldRegainTop } from "../support/old-model/regain-top.ts";
import {
  noteRequest as oldNoteRequest,
  requestedBytes as oldRequestedBytes,
} from "../support/old-model/requests.ts";
import { MallocPar as OldMallocPar } from "../support/old-model/settings.ts";
import { freeUnlogged as oldFreeUnlogged } from "../support/old-model/unlogged.ts";

/** The core and the model in TypeScript that it replaces must agree after each of many random calls. */

const CALLS = Number(process.env.MALLOG_OLD_MODEL_CALLS ?? 1500);
const FIRST_SEED = Number(process.env.MALLOG_OLD_MODEL_SEED ?? 1);
const SEEDS = Number(process.env.MALLOG_OLD_MODEL_SEEDS ?? 2);

const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  {},
  {},
  { MALLOC_ARENA_MAX: "2" },
  { MALLOC_MMAP_THRESHOLD_: "4096", MALLOC_TOP_PAD_: "0" },
  { MALLOC_TRIM_THRESHOLD_: "0", MALLOC_TOP_PAD_: "4096" },
  { "glibc.malloc.tcache_count": "0" },
  { "glibc.malloc.tcache_max": "200", "glibc.malloc.tcache_unsorted_limit": "2" },
  { MALLOC_PERTURB_: "1" },
  { "glibc.malloc.hugetlb": "1" },
  { MALLOC_MMAP_MAX_: "0" },
  { MALLOC_MMAP_MAX_: "3", MALLOC_ARENA_TEST: "1" },
];

const MACHINES: readonly Machine[] = [
  X86_64,
  X86_64,
  X86_64,
  { arch: "x86_64", pageBytes: 4096, thp: "always" },
  { arch: "aarch64", pageBytes: 65536, thp: "madvise" },
];

/** A pair of chunks, as both models name them, of one block; `bytes` requested. */
interface Pair {
  c: number;
  old: number;
  bytes: number;
}

class Both {
  m: Ptmalloc;
  old: OldPtmalloc;
  readonly blocks: Pair[] = [];
  readonly outside: Pair[] = [];
  #state: number;
  #locks: number;

  constructor(profile: Profile, seed: number) {
    this.#state = seed * 2654435761;
    this.#locks = seed;
    const par = new MallocPar(profile);
    const oldPar = new OldMallocPar(profile);
    for (const [name, value] of Object.entries(this.pick(SETTINGS))) {
      applySetting(par, profile, name, value);
      applySetting(oldPar, profile, name, value);
    }
    const machine = this.pick(MACHINES);
    const cpus = this.pick([1, 2, 4, Number.POSITIVE_INFINITY]);
    const start = this.pick([0, 0, 16, 1000]);
    this.m = new Ptmalloc(profile, par, cpus, start, machine);
    this.old = new OldPtmalloc(profile, oldPar, cpus, start, machine);
    if (this.below(2) === 0) {
      this.m.recordTrims();
      this.old.trims = [];
    }
    const breakStart = this.below(2) * 0x1234500;
    this.m.breakHeap.start = breakStart;
    this.old.breakHeap.start = breakStart;
    if (this.below(3) === 0) {
      this.#lock();
    }
    this.enter(0);
  }

  /** xorshift */
  below(limit: number): number {
    let s = this.#state | 1;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.#state = s;
    return (s >>> 0) % limit;
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }

  enter(thread: number): void {
    this.m.enter(thread);
    this.old.enter(thread);
  }

  size(): number {
    switch (this.below(12)) {
      case 0:
        return this.below(5000);
      case 1:
        return this.below(200_000);
      case 2:
        return this.below(40) === 0 ? this.below(2 ** 31) : this.below(2_000_000);
      case 3:
        return this.below(60) === 0 ? 2 ** (20 + this.below(44)) : 1024 + this.below(64) * 16;
      default:
        return this.below(this.pick([64, 200, 600, 1100]));
    }
  }

  serve(c: number, old: number, bytes: number, what: string): void {
    this.same(c, old, what);
    if (c !== 0) {
      noteRequest(this.m, c, bytes);
      oldNoteRequest(this.old, old, bytes);
      this.blocks.push({ c, old, bytes });
    }
  }

  take(): Pair | null {
    const at = this.below(this.blocks.length || 1);
    const pair = this.blocks[at];
    if (pair === undefined) {
      return null;
    }
    this.blocks[at] = this.blocks.at(-1)!;
    this.blocks.pop();
    return pair;
  }

  step(): string {
    const { m, old } = this;
    if (this.below(6) === 0) {
      this.enter(this.below(this.pick([2, 4, 20])));
    }
    const size = this.size();
    switch (this.below(48)) {
      case 0:
      case 1:
      case 2: {
        this.serve(m.calloc(size), old.calloc(size), size, "calloc");
        return `calloc ${size}`;
      }
      case 3:
      case 4: {
        const align = 2 ** this.below(18);
        this.serve(m.memalign(align, size), old.memalign(align, size), size, "memalign");
        return `memalign ${align} ${size}`;
      }
      case 5: {
        this.serve(m.valloc(size), old.valloc(size), size, "valloc");
        this.serve(m.pvalloc(size), old.pvalloc(size), size, "pvalloc");
        return `valloc ${size}`;
      }
      case 6:
      case 7:
      case 8:
      case 9: {
        const pair = this.take();
        if (pair === null) {
          return "";
        }
        const bytes = Math.max(1, size);
        const [c, was] = [m.realloc(pair.c, bytes), old.realloc(pair.old, bytes)];
        this.same(c, was, "realloc");
        if (c === 0) {
          this.blocks.push(pair);
        } else {
          this.serve(c, was, bytes, "realloc");
        }
        return `realloc ${pair.bytes} -> ${bytes}`;
      }
      case 10: {
        const pad = this.pick([0, 0, 4096, 100_000]);
        expect(m.mallocTrim(pad)).toBe(old.mallocTrim(pad));
        return `trim ${pad}`;
      }
      case 11: {
        const [parameter, value] = this.pick([
          [1, 64],
          [-1, 200_000],
          [-2, 0],
          [-3, 50_000],
          [-4, -1],
          [-6, 0],
          [-8, 3],
        ] as const);
        if (this.below(6) === 0) {
          m.mallopt(parameter, value);
          old.mallopt(parameter, value);
        }
        return `mallopt ${parameter} ${value}`;
      }
      case 12: {
        const thread = 1 + this.below(20);
        this.enter(thread);
        m.exitThread();
        old.exitThread();
        this.enter(0);
        return `exit ${thread}`;
      }
      case 13: {
        const bytes = this.pick([4096, 65536, 100, 8]);
        const trims = this.below(12) === 0 ? 1 : 0;
        if (this.below(4) === 0) {
          m.foreignSbrk(bytes, trims);
          old.foreignSbrk(bytes, trims);
        }
        return `sbrk ${bytes} after ${trims}`;
      }
      case 14: {
        const others = [1, 2, 3].slice(this.below(3));
        const thread = 21 + this.below(5);
        m.attachesBefore(thread, others);
        old.attachesBefore(thread, others);
        return `attachesBefore ${thread}`;
      }
      case 15:
      case 16:
      case 17:
      case 18: {
        const pair = this.blocks[this.below(this.blocks.length || 1)];
        if (pair !== undefined) {
          const from = this.below(2) * this.below(pair.bytes + 1);
          const to = from + (pair.bytes - from) * this.pick([0, 0.25, 0.3, 1]);
          const planes = this.pick([1, 4, 5, 0xf8, 255, 249]);
          m.write(pair.c, from, to, planes);
          old.write(pair.old, from, to, planes);
        }
        return "write";
      }
      case 19: {
        const pair = this.blocks[this.below(this.blocks.length || 1)];
        if (pair !== undefined && pair.bytes > 0) {
          const cuts = Array.from({ length: 4 }, () => this.below(pair.bytes + 1)).sort(
            (a, b) => a - b,
          );
          const [a, b, c, d] = cuts as [number, number, number, number];
          const lists = this.pick([
            [cuts, []],
            [[], cuts],
            [
              [a, b],
              [c, d],
            ],
          ] as const);
          m.learn(pair.c, lists[0], lists[1]);
          old.learn(pair.old, lists[0], lists[1]);
        }
        return "learn";
      }
      case 20:
        return this.#place();
      case 21: {
        const ended = this.pick([30, 31, 1, 2]);
        const pair = this.take();
        if (pair !== null) {
          m.enterEnded(ended);
          old.enterEnded(ended);
          m.free(pair.c);
          old.free(pair.old);
        }
        this.enter(0);
        return `free by ${ended}`;
      }
      case 22: {
        if (this.below(8) === 0) {
          this.m = m.clone();
          this.old = old.clone();
          this.#lock();
        }
        return "clone";
      }
      case 23: {
        const arena = this.below(m.arenas.length);
        if (m.arenas[arena]!.trimmedBytes > 0) {
          regainTop(m, m.arenas[arena]!);
          oldRegainTop(old, old.arenas[arena]!);
        }
        return "regainTop";
      }
      case 24: {
        m.core.park();
        return "park";
      }
      default:
    }
    if (this.below(2) === 0) {
      this.serve(m.malloc(size), old.malloc(size), size, "malloc");
      return `malloc ${size}`;
    }
    const pair = this.take();
    if (pair !== null) {
      m.free(pair.c);
      old.free(pair.old);
    }
    return `free ${pair?.bytes}`;
  }

  #place(): string {
    const { m, old } = this;
    const id = this.below(m.heaps.length);
    const heap = m.heaps[id]!;
    const oldHeap = old.heaps[id]!;
    if (!heap.isMapped || this.below(3) !== 0) {
      return "";
    }
    const addr = this.below(Math.floor(heap.size / 16) + 5000) + 200;
    if (this.below(3) === 0) {
      const c = newPlace.startUnlogged(m, heap, addr);
      const was = oldPlace.startUnlogged(old, oldHeap, addr);
      this.same(c, was, "startUnlogged");
      if (c !== 0 && this.below(2) === 0) {
        freeUnlogged(m, c);
        oldFreeUnlogged(old, was);
      }
      return `startUnlogged ${addr}`;
    }
    const nb = 2 + this.below(300);
    const c = newPlace.placeChunk(m, heap, addr, nb);
    const was = oldPlace.placeChunk(old, oldHeap, addr, nb);
    this.serve(c, was, nb * 16 - 8, "placeChunk");
    if (c !== 0 && this.below(2) === 0) {
      newPlace.useArena(m, heap.arena);
      oldPlace.useArena(old, oldHeap.arena);
    }
    return `place ${addr} ${nb}`;
  }

  #lock(): void {
    let ours = this.#locks;
    let theirs = this.#locks;
    const next = (s: number) => (Math.imul(s, 1103515245) + 12345) | 0;
    this.m.trylock = () => {
      ours = next(ours);
      return ours % 3 !== 0;
    };
    this.old.trylock = () => {
      theirs = next(theirs);
      return theirs % 3 !== 0;
    };
  }

  same(c: number, was: number, what: string): void {
    const w = this.m.chunks.words;
    const v = this.old.chunks.words;
    for (const field of [SIZE, STATE, ADDR, HEAP]) {
      if (w[c + field] !== v[was + field]) {
        throw new Error(`${what}: field ${field} ${w[c + field]}, not ${v[was + field]}`);
      }
    }
    if ((c === 0) !== (was === 0)) {
      throw new Error(`${what}: one is NULL`);
    }
  }

  figures(m: Ptmalloc | OldPtmalloc): number[] {
    const { brk, mmap, mremap, munmap, madvise, mprotect } = m.systemCalls;
    return [
      ...m.resident.pages,
      ...m.resident.returned,
      ...[m.brk, m.systemBytes, m.inUseBytes, m.unloggedGranules, m.mappedBytes],
      ...[m.par.mmapThreshold, m.par.trimThreshold, m.arenas.length, m.mappedBlocks],
      ...[brk, mmap, mremap, munmap, madvise, mprotect, m.arenaLimit, m.trims?.length ?? -1],
      ...[m.thread.index, m.thread.arena?.id ?? -1],
    ];
  }

  check(after: string): void {
    const [ours, theirs] = [this.figures(this.m), this.figures(this.old)];
    const at = ours.findIndex((one, i) => !Object.is(one, theirs[i]));
    if (at >= 0) {
      throw new Error(`after ${after}: figure ${at} is ${ours[at]}, not ${theirs[at]}`);
    }
  }

  /** False once corrections that no log could ask for have broken the old model. */
  isWhole(): boolean {
    const [ours, theirs] = [
      thrownBy(checkInvariants, this.m),
      thrownBy(checkOldInvariants, this.old),
    ];
    expect(ours).toBe(theirs);
    for (const { id, isMapped } of this.m.heaps) {
      if (isMapped) {
        expect(chunksIn(this.m, id)).toEqual(chunksIn(this.old, id));
      }
    }
    return theirs === "";
  }

  checkWhole(): void {
    for (const av of this.m.arenas) {
      const twin = this.old.arenas[av.id]!;
      expect([av.systemMem, av.maxSystemMem, av.attachedThreads, av.trimmedBytes]).toEqual([
        twin.systemMem,
        twin.maxSystemMem,
        twin.attachedThreads,
        twin.trimmedBytes,
      ]);
      expect(av.heaps.map(({ id }) => id)).toEqual(twin.heaps.map(({ id }) => id));
    }
    for (const { c, old, bytes } of this.blocks) {
      this.same(c, old, "block");
      expect(requestedBytes(this.m, c)).toBe(oldRequestedBytes(this.old, old));
      expect(bytes).toBeGreaterThanOrEqual(0);
      if (this.m.chunks.words[c + STATE] === MAPPED) {
        for (let bit = 0; bit < 8; bit++) {
          expect(this.m.mappingOf(c).pages(1 << bit)).toBe(this.old.mappingOf(old).pages(1 << bit));
        }
      }
    }
  }
}

/** Of each chunk of a heap, from the upper end down: its place, size and state. */
function chunksIn(m: Ptmalloc | OldPtmalloc, id: number): string[] {
  const w = m.chunks.words;
  const chunks: string[] = [];
  for (const end of [...m.heaps[id]!.ends].reverse()) {
    for (let c = end; c !== 0; c = w[c + PREV]!) {
      chunks.push(`${w[c + ADDR]} ${w[c + SIZE]} ${w[c + STATE]}`);
    }
  }
  return chunks;
}

function thrownBy<M>(check: (m: M) => void, m: M): string {
  try {
    check(m);
    return "";
  } catch (error) {
    return String(error).replace(/\(at .*/, "");
  }
}

it.each(PROFILES)(
  "the core is equal to the old model of $name",
  (profile) => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const both = new Both(profile, seed);
      let at = 0;
      let step = "";
      try {
        for (; at < CALLS; at++) {
          step = both.step();
          both.check(step);
          const isRare = at % 64 === 0 || /^(sbrk|regain|place|start)/.test(step);
          if (isRare && !both.isWhole()) {
            break;
          }
        }
        both.checkWhole();
      } catch (error) {
        throw new Error(`seed ${seed}, call ${at} (${step})`, { cause: error });
      }
    }
  },
  600_000,
);
