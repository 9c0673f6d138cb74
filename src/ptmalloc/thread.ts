import type { Arena } from "./arena.ts";
import { THREAD } from "./core-layout.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/** by number, as core/thread.ts stores it; "disabled" while the struct is being allocated or torn down, or when caching is off */
const TCACHE_STATES = ["inactive", "active", "disabled"] as const;

export type TcacheState = (typeof TCACHE_STATES)[number];

/** A thread of the process: its arena and its tcache_perthread_struct (ptmalloc2.md §2.6), as the core keeps it. */
export class Thread {
  /** dense index of the thread in the log; −1: the object stands for none */
  readonly index: number;
  /** null until the first call that reaches arena_get */
  readonly arena: Arena | null;
  readonly tcache: TcacheState;
  /** the chunk of the struct; 0: none, or unknown (core/thread-exit.ts) */
  readonly tcacheStruct: number;
  /** how many bins its tcache has */
  readonly bins: number;

  /** What the record at `address` says now. */
  constructor(m: Ptmalloc, address: number) {
    const { i32 } = m.core.attached;
    const record = address >>> 2;
    this.index = i32[record + THREAD.index]!;
    this.arena = m.arenaAt(i32[record + THREAD.arena]!);
    this.tcache = TCACHE_STATES[i32[record + THREAD.tcache]!]!;
    this.tcacheStruct = i32[record + THREAD.tcacheStruct]!;
    this.bins = i32[record + THREAD.bins]!;
  }
}
