/** What the facade answers (core-host.ts). Each question is asked only if the flag of `m` says that there is an answer. */

/** Witness.sharesArena */
export declare function sharesArena(): bool;

/** Witness.sharesMainArena */
export declare function sharesMainArena(): bool;

/** Witness.arenaShown: the address of an arena; 1: a new one; 0: unknown */
export declare function arenaShown(): usize;

/** Witness.choseArena: `count` addresses of arenas at `list` */
export declare function choseArena(list: usize, count: i32): void;

/** Witness.isMapped; `arena` is its address */
export declare function isMapped(arena: usize, bytes: f64, mapped: bool): bool;

/** Ptmalloc.trylock */
export declare function trylock(): bool;

/** Ptmalloc.onRaise */
export declare function raised(mmapThreshold: f64, trimThreshold: f64): void;

/** settings.ts: applies a parameter of mallopt to `par` */
export declare function applyMallopt(parameter: f64, value: f64): void;

/** Ptmalloc.onDropped: malloc_trim drops pages from..to-1 of the heap with this id */
export declare function dropped(heap: i32, from: i32, to: i32): void;

/** Replay.onArenaReuse: row of the batch */
export declare function foundReuse(row: i32): void;

/** Replay.onPeak: planes, one bit each */
export declare function foundPeak(planes: i32): void;

// Guide, with the row of an event in the batch.

export declare function beforeEvent(row: i32): void;

export declare function beforeCall(row: i32): void;

export declare function freeUnlogged(row: i32): void;

/** Returns the chunk. */
export declare function place(c: i32, row: i32): i32;

export declare function closePoint(): void;
