import type { Insertion } from "./insertions.ts";

/** What the recorded run has inferred from a batch that the what-ifs are to replay; plain data. */
export interface Inferences {
  /** number of the batch's first event */
  readonly first: number;
  /** what happens between the batch's calls, in order: logged and inferred */
  readonly insertions: readonly Insertion[];
  /** bytes in use that were allocated outside the log */
  readonly unloggedBytes: number;
  /** CPUs that the arenas have shown, or the most that they allow; null: not shown */
  readonly cpus: number | null;
  /** settings that the pointers have shown since the previous batch */
  readonly settings: readonly { readonly name: string; readonly value: number }[];
  /** an mmap threshold sent earlier turned out to be wrong */
  readonly retractsThreshold: boolean;
  /** start of the break area, as Heap.start: the what-ifs keep it, although the kernel chooses another in every run */
  readonly breakStart: number;
  /** the process's RSS has been measured, and may decide from which planes RSS is read */
  readonly isMeasured: boolean;
  /** the version to follow from now on; null: as before */
  readonly glibc: string | null;
}
