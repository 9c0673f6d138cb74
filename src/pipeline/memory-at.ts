import { type ArenaCensus, census, mallinfo2 } from "../ptmalloc/census.ts";
import { HEAP, MAPPED, STATE } from "../ptmalloc/chunks.ts";
import type { GuidedReplay } from "../recorded/guided-replay.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { Ledger } from "../trace/ledger.ts";
import type { MomentSearch } from "../trace/moment.ts";
import { runAt } from "./inspection/inspect.ts";

/** The recorded run's memory at a moment at which the process was measured. */
export interface MemoryAt {
  readonly search: MomentSearch;
  /** null: the log has no such moment, or the run cannot return to it */
  readonly state: MemoryState | null;
}

export interface MemoryState {
  /** line of the last event up to the moment; null: unknown */
  readonly line: number | null;
  /** µs on the log's clock; NaN: unknown */
  readonly time: number;
  /** resident: together RSS */
  readonly heap: ResidentBytes;
  readonly arenasRss: ResidentBytes;
  readonly mapped: ResidentBytes;
  /** where the main heap begins; NaN: unknown */
  readonly heapStart: number;
  /** where each heap of the other arenas begins; NaN: unknown */
  readonly arenaHeapStarts: readonly number[];
  readonly mappings: readonly MappingAt[];
  /** by id */
  readonly arenas: readonly {
    readonly id: number;
    readonly systemBytes: number;
    readonly inUseBytes: number;
  }[];
  /** of all arenas; what is in tcaches counts as in use, as glibc counts it */
  readonly systemBytes: number;
  readonly inUseBytes: number;
  /** what glibc counts as mapped */
  readonly countedMappedBytes: number;
}

/** Resident memory. */
export interface ResidentBytes {
  /** as the reading has it */
  readonly bytes: number;
  /** the same, unless the log states later what was written until then: then as if everything was */
  readonly mostBytes: number;
}

/** The mapping of a block of its own. */
export interface MappingAt {
  /** NaN: unknown */
  readonly start: number;
  readonly bytes: number;
}

/**
 * Returns the run's memory at a moment. `statesWrites`: the log has lines of holes. Must be called before the run's peak is
 * asked for, which forgets what other moments need.
 */
export function memoryAt(
  run: RecordedRun,
  search: MomentSearch,
  { ledger, reading, statesWrites }: MemoryReading,
): MemoryAt {
  const at = runAt(run, search, ledger, reading);
  // Such a log states what was written until a block's free or a sample, and at its end everything.
  const isOpen = statesWrites && search.moment.kind !== "end";
  return {
    search,
    state: at && { line: at.line, time: at.time, ...memoryOf(at.guided, reading, isOpen) },
  };
}

interface MemoryReading {
  readonly ledger: Ledger;
  readonly reading: Reading;
  readonly statesWrites: boolean;
}

function memoryOf(
  guided: GuidedReplay,
  reading: Reading,
  isOpen: boolean,
): Omit<MemoryState, "line" | "time"> {
  const { model, judge } = guided;
  const { addresses } = judge;
  const startOf = (heap: Parameters<typeof addresses.addressIn>[0], offset: number): number =>
    addresses.state.whole ? addresses.addressIn(heap, offset) : Number.NaN;
  const counted = census(model);
  const [main, ...others] = counted;
  const residentIn = (some: readonly ArenaCensus[]): ResidentBytes => {
    const bytes = some.reduce((sum, { pages }) => sum + reading.bytes(pages), 0);
    const all = some.reduce((sum, { pages }) => sum + reading.allBytes(pages), 0);
    return { bytes, mostBytes: isOpen ? Math.max(bytes, all) : bytes };
  };
  const heap = residentIn(main === undefined ? [] : [main]);
  const arenasRss = residentIn(others);
  const { pages } = model.resident;
  const mappedBytes = Math.max(0, reading.bytes(pages) - heap.bytes - arenasRss.bytes);
  const allMapped = reading.allBytes(pages) - heap.mostBytes - arenasRss.mostBytes;
  const { arena, uordblks, hblkhd } = mallinfo2(model, counted);
  const { breakHeap } = model;
  return {
    heap,
    arenasRss,
    mapped: {
      bytes: mappedBytes,
      mostBytes: isOpen ? Math.max(mappedBytes, allMapped) : mappedBytes,
    },
    heapStart: startOf(breakHeap, breakHeap.firstPage * model.pageBytes),
    arenaHeapStarts: others.flatMap(({ arena: { heaps } }) =>
      heaps.map((heap) => startOf(heap, 0)),
    ),
    mappings: mappingsOf(guided),
    arenas: counted.map(({ arena: { id }, systemBytes, free }) => ({
      id,
      systemBytes,
      inUseBytes:
        systemBytes - free.fastbins - free.unsorted - free.smallbins - free.largebins - free.top,
    })),
    systemBytes: arena,
    inUseBytes: uordblks,
    countedMappedBytes: hblkhd,
  };
}

function mappingsOf({ replay, model, judge }: GuidedReplay): MappingAt[] {
  const w = model.chunks.words;
  const { mappings, addresses } = judge;
  const found: MappingAt[] = [];
  replay.eachBlock((_, c) => {
    if (w[c + STATE] === MAPPED) {
      const start = addresses.state.whole ? mappings.startOf(w[c + HEAP]!) : Number.NaN;
      found.push({ start, bytes: model.mappingOf(c).totalBytes });
    }
  });
  return found;
}
