import type { ArenaSummary, HeapMap, Pin, Report } from "../contract/report.ts";
import { printable } from "../wording/printable.ts";
import { PinWords } from "./pin-words.ts";

/** The arenas of a scenario at its end, largest RSS first. */
export interface ScenarioMaps {
  readonly name: string;
  readonly arenas: readonly ArenaMaps[];
}

export interface ArenaMaps {
  readonly id: number;
  readonly rssBytes: number;
  readonly inUseBytes: number;
  readonly pinnedBytes: number;
  /** bytes by kind of free memory, without zeros */
  readonly free: readonly (readonly [kind: string, bytes: number])[];
  readonly threads: readonly number[];
  readonly heaps: readonly HeapMap[];
  readonly bins: readonly BinRow[];
  readonly pins: readonly PinMark[];
}

export type BinRow = readonly [
  kind: string,
  leastBytes: number,
  mostBytes: number,
  chunks: number,
  bytes: number,
];

/** A pin of the recorded run. Its block is the topmost one of its heap. */
export interface PinMark {
  /** number of the heap, 0 the oldest; null if no live block is among what pins */
  readonly heap: number | null;
  readonly words: string;
}

export function mapsData(report: Report): ScenarioMaps[] {
  const words = new PinWords(report);
  return report.scenarios.map(({ name, arenas }, i) => ({
    name: printable(name),
    arenas: [...arenas]
      .sort((a, b) => b.rssBytes - a.rssBytes || a.id - b.id)
      .map((arena) => arenaMaps(arena, i === 0 ? (report.pins ?? []) : [], words)),
  }));
}

function arenaMaps(arena: ArenaSummary, pins: readonly Pin[], words: PinWords): ArenaMaps {
  const { id, rssBytes, inUseBytes, pinnedBytes, free, threads, heapMaps, bins } = arena;
  return {
    id,
    rssBytes,
    inUseBytes,
    pinnedBytes,
    free: Object.entries(free).filter(([, bytes]) => bytes > 0),
    threads,
    heaps: heapMaps,
    bins: bins.map(({ kind, leastBytes, mostBytes, chunks, bytes }) => [
      kind,
      leastBytes,
      mostBytes,
      chunks,
      bytes,
    ]),
    pins: pins
      .filter((pin) => pin.arena === id)
      .map((pin) => ({ heap: pin.heap, words: words.of(pin) })),
  };
}
