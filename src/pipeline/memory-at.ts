import type { Arena } from "../ptmalloc/arena.ts";
import { census, mallinfo2, residentPages } from "../ptmalloc/census.ts";
import { HEAP, MAPPED, STATE } from "../ptmalloc/chunks.ts";
import type { Heap } from "../ptmalloc/heap.ts";
import type { GuidedReplay } from "../recorded/guided-replay.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";
import type { MomentSearch } from "../trace/moment.ts";
import { runAt } from "./inspection/inspect.ts";
import type { LaterWrites } from "./later-writes.ts";

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
  readonly bytes: number;
  /** the same without what the log states only later; `bytes` where it states nothing later */
  readonly leastBytes: number;
}

/** The mapping of a block of its own. */
export interface MappingAt {
  /** NaN: unknown */
  readonly start: number;
  readonly bytes: number;
}

/** Returns the run's memory at a moment. Must be called before the run's peak, which forgets what other moments need. */
export function memoryAt(
  run: RecordedRun,
  search: MomentSearch,
  { ledger, reading, later }: MemoryReading,
): MemoryAt {
  const at = runAt(run, search, ledger, reading);
  if (at === null) {
    return { search, state: null };
  }
  const { guided, line, time } = at;
  const known = residentIn(guided, reading);
  // The runs of the other moments are copies of their own.
  if (search.moment.kind !== "end" && search.moment.kind !== "peak") {
    later.apply(guided.replay);
  }
  const likely = residentIn(guided, reading);
  const both = (of: keyof Resident): ResidentBytes => ({
    bytes: likely[of],
    leastBytes: Math.min(likely[of], known[of]),
  });
  return {
    search,
    state: {
      line,
      time,
      heap: both("heap"),
      arenasRss: both("arenas"),
      mapped: both("mapped"),
      ...memoryOf(guided),
    },
  };
}

interface MemoryReading {
  readonly ledger: Ledger;
  readonly reading: Reading;
  readonly later: LaterWrites;
}

interface Resident {
  readonly heap: number;
  readonly arenas: number;
  readonly mapped: number;
}

function residentIn({ model }: GuidedReplay, reading: Reading): Resident {
  const bytesOf = (arena: Arena): number => reading.bytes(residentPages(model, arena));
  const heap = bytesOf(model.mainArena);
  const arenas = model.arenas
    .filter(({ main }) => !main)
    .reduce((sum, arena) => sum + bytesOf(arena), 0);
  const all = reading.bytes(model.resident.pages);
  return { heap, arenas, mapped: Math.max(0, all - heap - arenas) };
}

function memoryOf(
  guided: GuidedReplay,
): Omit<MemoryState, "line" | "time" | "heap" | "arenasRss" | "mapped"> {
  const { model, judge } = guided;
  const { addresses } = judge;
  const startOf = (heap: Heap, offset: number): number =>
    addresses.state.whole ? addresses.addressIn(heap, offset) : Number.NaN;
  const counted = census(model);
  const others = model.arenas.filter(({ main }) => !main);
  const { arena, uordblks, hblkhd } = mallinfo2(model, counted);
  const { breakHeap } = model;
  return {
    heapStart: startOf(breakHeap, breakHeap.firstPage * model.pageBytes),
    arenaHeapStarts: others.flatMap(({ heaps }) => heaps.map((heap) => startOf(heap, 0))),
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
