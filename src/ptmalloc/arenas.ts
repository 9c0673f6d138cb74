import type { Arena } from "./arena.ts";
import type { Profile } from "./profile.ts";
import { type Ptmalloc, UNKNOWN_CPUS } from "./ptmalloc.ts";

/** The limit of 256 CPUs up to 2.43: bounds memory where neither CPUs nor pointers give one (core/arenas.ts). */
export const MAX_ARENAS = 2048;

/** CPUs of the process as far as its limit of arenas shows them: from..to; null while it shows nothing. */
export function cpusByLimit(m: Ptmalloc): { readonly from: number; readonly to: number } | null {
  const { arenaLimit: limit, cpus, par, profile } = m;
  if (cpus !== UNKNOWN_CPUS) {
    return { from: cpus, to: cpus };
  }
  if (limit === 0 || par.arenaMax !== 0) {
    return null;
  }
  switch (profile.arenaLimit) {
    case "eightPerCpu":
      return { from: Math.floor(limit / 8), to: Math.floor(limit / 8) };
    case "cpusOrTest":
      return { from: limit > par.arenaTest ? limit : 1, to: limit };
  }
}

/** Bytes below the first chunk of an arena's first heap: heap_info and malloc_state (§6.2). */
export function structBytes({ heapInfoBytes, mallocStateBytes }: Profile): number {
  return heapInfoBytes + mallocStateBytes;
}

/** _int_new_arena: a new arena in a new heap of heap_info, malloc_state, and top (§6.2). */
export function newArena(m: Ptmalloc, bytes: number): Arena {
  return m.arenaAt(m.core.calls.newArena(bytes))!;
}
