import type { Profile } from "./profile.ts";

export type Arch = "x86_64" | "aarch64";

/** What the allocator's rules depend on besides the version and the settings (ptmalloc2.md §9.1, §10.6). */
export interface Machine {
  readonly arch: Arch;
  /** bytes of a page of the kernel: 4096; on aarch64 also 16384 or 65536 */
  readonly pageBytes: number;
  /** /sys/kernel/mm/transparent_hugepage/enabled */
  readonly thp: "always" | "madvise" | "never";
}

/** The machine that is assumed where nothing else is known. */
export const X86_64: Machine = { arch: "x86_64", pageBytes: 4096, thp: "madvise" };

/** DEFAULT_THP_PAGESIZE of aarch64, whatever the size of the kernel's pages */
const AARCH64_THP_PAGE = 2 * 1024 * 1024;

/** hpage_pmd_size: bytes of a transparent huge page. A table of page addresses fills a page, with 8 bytes for each. */
export function hugePageBytes(pageBytes: number): number {
  return (pageBytes * pageBytes) / 8;
}

/**
 * thp_pagesize (§10.6): bytes to which the program break is aligned, and since 2.43 the size of heaps; 0: pages of the
 * kernel everywhere. `hugetlb` is the tunable; null: not set.
 */
export function thpPageOf(profile: Profile, machine: Machine, hugetlb: number | null): number {
  const { arch, pageBytes, thp } = machine;
  switch (profile.thpUnit) {
    case "none":
      return 0;
    case "break":
      return hugetlb === 1 && thp === "madvise" ? hugePageBytes(pageBytes) : 0;
    case "breakAndHeaps":
      if (arch === "aarch64") {
        return hugetlb === null || (hugetlb === 1 && thp !== "never") ? AARCH64_THP_PAGE : 0;
      }
      return hugetlb === 1 && thp !== "never" ? hugePageBytes(pageBytes) : 0;
  }
}
