import type { SystemCalls } from "./scenario.ts";

/** Calls of all kinds. */
export function systemCallsOf({ systemCalls }: { readonly systemCalls: SystemCalls }): number {
  const { brk, mmap, mremap, munmap, madvise, mprotect } = systemCalls;
  return brk + mmap + mremap + munmap + madvise + mprotect;
}
