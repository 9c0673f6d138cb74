import type { SystemCalls } from "./contract/scenario.ts";

/** Calls of all kinds. */
export function systemCallsOf({ systemCalls }: { readonly systemCalls: SystemCalls }): number {
  const { brk, mmap, mremap, munmap, madvise, mprotect } = systemCalls;
  return brk + mmap + mremap + munmap + madvise + mprotect;
}

/** Calls of each kind, as `of` returns them. */
export function systemCallsBy(of: (kind: keyof SystemCalls) => number): SystemCalls {
  return {
    brk: of("brk"),
    mmap: of("mmap"),
    mremap: of("mremap"),
    munmap: of("munmap"),
    madvise: of("madvise"),
    mprotect: of("mprotect"),
  };
}
