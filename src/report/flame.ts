import { OTHER_CALLERS } from "./contract/allocations.ts";
import type { CallerSummary, Report } from "./contract/report.ts";
import { callerLabel } from "./wording/caller-label.ts";
import { exact } from "./wording/format.ts";
import { printable } from "./wording/printable.ts";

/** What a flame graph may show of the sites, and its name. */
export const FLAMES = [
  { key: "volumeBytes", name: "volume" },
  { key: "liveBytes", name: "live at the end" },
  { key: "liveAtPeakBytes", name: "live at the peak" },
  { key: "pinnedBytes", name: "pinned" },
] as const;

export type FlameKey = (typeof FLAMES)[number]["key"];

export interface Frame {
  readonly name: string;
  /** of the source */
  readonly file: string | null;
  readonly line: number | null;
}

export interface Stack {
  /** the thread, the call site and the size, outermost first */
  readonly frames: readonly Frame[];
  readonly bytes: number;
}

/** Who allocates, as stacks, without those of 0 bytes. */
export function stacksOf(report: Report, key: FlameKey): Stack[] {
  const frames = siteFrames(report);
  return report.sites[key].flatMap((bytes, i) =>
    bytes <= 0 ? [] : [{ frames: frames[i] ?? [], bytes }],
  );
}

/** The frames of each site. */
export function siteFrames({ sites, callers, threads }: Report): Frame[][] {
  const namesByTid = new Map(threads.map(({ tid, name }) => [tid, name]));
  const rowsByCaller = new Map(callers.map((row) => [row.caller, row]));
  return sites.caller.map((caller, i) => {
    const tid = sites.tid[i] ?? null;
    return [
      frame(threadName(tid, tid === null ? null : (namesByTid.get(tid) ?? null))),
      callerFrame(caller, rowsByCaller.get(caller) ?? null),
      frame(sizeName(sites.size[i] ?? null)),
    ];
  });
}

function frame(name: string, file: string | null = null, line: number | null = null): Frame {
  return { name: printable(name), file: file === null ? null : printable(file), line };
}

function threadName(tid: number | null, name: string | null): string {
  if (tid === null) {
    return "several threads";
  }
  return name === null ? `thread ${tid}` : `${name} (${tid})`;
}

function callerFrame(caller: string | null, row: CallerSummary | null): Frame {
  if (caller === OTHER_CALLERS) {
    return frame("other call sites");
  }
  if (row === null || row.merged) {
    return frame(caller ?? "call site not logged");
  }
  return frame(callerLabel(row), row.file, row.line);
}

function sizeName(size: number | null): string {
  return size === null ? "several sizes" : `${exact(size)} B`;
}
