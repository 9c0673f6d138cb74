import type { KnownCaller, KnownReport } from "../report/read-report.ts";
import { callerLabel } from "../report/wording/caller-label.ts";

/**
 * Names call sites so that two runs share them. The addresses of another run differ; functions do not, nor do places in an
 * unchanged module.
 */
export class SiteKeys {
  /** names that both reports have */
  readonly #shared: ReadonlySet<string>;

  constructor(base: KnownReport, head: KnownReport) {
    const ofBase = new Set(base.callers.flatMap(namesOf));
    this.#shared = new Set(head.callers.flatMap(namesOf).filter((name) => ofBase.has(name)));
  }

  /** True if the reports share a call site. */
  get areShared(): boolean {
    return this.#shared.size > 0;
  }

  /** The most telling name that both reports have; null: the row is of no single call site. */
  keyOf(row: KnownCaller): string | null {
    const names = namesOf(row);
    return names.find((name) => this.#shared.has(name)) ?? names[0] ?? null;
  }

  /** Where each thread requests most: the call site's key and label, by tid. */
  ofThreads({ callers, sites }: KnownReport): Map<number, Site> {
    const rows = new Map(callers.map((row) => [row.caller, row]));
    const volumes = new Map<number, Map<string, number>>();
    for (const [i, tid] of sites.tid.entries()) {
      const caller = sites.caller[i] ?? null;
      if (tid === null || caller === null) {
        continue;
      }
      const ofThread = volumes.get(tid) ?? new Map<string, number>();
      volumes.set(tid, ofThread);
      ofThread.set(caller, (ofThread.get(caller) ?? 0) + (sites.volumeBytes[i] ?? 0));
    }
    const found = new Map<number, Site>();
    for (const [tid, ofThread] of volumes) {
      const [[caller] = [null]] = [...ofThread].sort(([, a], [, b]) => b - a);
      const row = rows.get(caller);
      const key = row === undefined ? null : this.keyOf(row);
      if (row !== undefined && key !== null) {
        found.set(tid, { key, label: siteLabel(row) });
      }
    }
    return found;
  }
}

export interface Site {
  readonly key: string;
  readonly label: string;
}

/** The call site for people: without its line, which the next version of a program has elsewhere. */
export function siteLabel(row: KnownCaller): string {
  return row.symbol === null ? callerLabel(row) : row.symbol;
}

/** The function, the place in its module, the address or text of the log: as far as they are known, most telling first. */
function namesOf({ caller, module, offset, symbol, merged }: KnownCaller): string[] {
  if (merged || caller === null) {
    return [];
  }
  const file = module?.slice(module.lastIndexOf("/") + 1);
  return [
    ...(symbol === null ? [] : [`function ${symbol}`]),
    ...(file === undefined || offset === null ? [] : [`place ${file}+${offset}`]),
    `caller ${caller}`,
  ];
}
