import type { AnalysisResult } from "../pipeline/analysis-result.ts";
import type { MemoryState, ResidentBytes } from "../pipeline/memory-at.ts";
import type {
  Compared,
  ObservedCount,
  ObservedJvmSummary,
  ObservedMalloc,
  ObservedMoment,
  ObservedResident,
  ObservedRest,
} from "../report/contract/observed.ts";
import type { Report } from "../report/contract/report.ts";
import type {
  ObservedAreas,
  ObservedAt,
  ObservedCounts,
  ObservedFile,
  ObservedJvm,
} from "../trace/stated/observed-memory.ts";
import { beyondLog } from "./beyond-log.ts";
import { type AreaSplit, type Bounds, splitAreas } from "./observed-areas.ts";
import { secondsSinceStart } from "./seconds.ts";

/** Returns what was measured beside what the model has; absent if nothing was given, or no model was run. */
export function observedSummary(
  { model, ledger, read }: AnalysisResult,
  report: Report,
  observed: readonly ObservedAt[],
): Pick<Report, "observed"> {
  if (model === null || observed.length === 0) {
    return {};
  }
  const moments = observed.flatMap((one, i): ObservedMoment[] => {
    const at = model.observed[i];
    if (at === undefined) {
      return [];
    }
    const beyond = beyondLog(at.search, report, read.markLabels, ledger.clock);
    const state = beyond === null ? at.state : null;
    return [
      {
        asked: one.asked,
        line: state?.line ?? null,
        time: state && secondsSinceStart(ledger, state.time),
        missing: state === null ? (beyond ?? NO_RETURN) : null,
        files: one.files.map(({ source, content }) => ({ source, kind: content.kind })),
        ...measuredIn(one.files, state),
      },
    ];
  });
  return moments.length === 0 ? {} : { observed: moments };
}

const NO_RETURN = "the model cannot return there: the log contradicts itself";

type Measured = Pick<ObservedMoment, "resident" | "counted" | "jvm">;

function measuredIn(files: readonly ObservedFile[], state: MemoryState | null): Measured {
  let areas: ObservedResident | null = null;
  let total: ObservedResident | null = null;
  let jvm: ObservedJvmSummary | null = null;
  const counted: ObservedCount[] = [];
  for (const { source, content } of files) {
    switch (content.kind) {
      case "smaps":
      case "pmap":
        // smaps has flags that pmap -X lacks.
        if (areas === null || content.kind === "smaps") {
          areas = ofAreas(source, content, state);
        }
        break;
      case "smaps_rollup":
        total = ofTotal(source, content.rssBytes, state);
        break;
      case "native_memory":
        jvm = ofJvm(source, content);
        break;
      default:
        counted.push(ofCounts(source, content, state));
    }
  }
  return { resident: areas ?? total, counted, jvm };
}

/** The file does not show whose memory it is: the rest is what the model does not have. */
function ofTotal(
  source: string,
  processBytes: number,
  state: MemoryState | null,
): ObservedResident {
  const bytes = state === null ? -1 : processBytes - rssOf(state);
  const rest: ObservedRest = {
    bytes,
    leastBytes: bytes,
    mostBytes: bytes,
    byDifference: true,
    filesBytes: null,
    stackBytes: null,
  };
  return { source, processBytes, malloc: null, rest: bytes < 0 ? null : rest };
}

function ofAreas(
  source: string,
  { areas }: ObservedAreas,
  state: MemoryState | null,
): ObservedResident {
  const split = splitAreas(areas, state);
  const malloc = mallocOf(split, state);
  const { processBytes, filesBytes, stackBytes } = split;
  const rest: ObservedRest = {
    bytes: processBytes - malloc.all.measuredBytes,
    leastBytes: processBytes - malloc.all.mostBytes,
    mostBytes: processBytes - malloc.all.leastBytes,
    byDifference: false,
    filesBytes,
    stackBytes,
  };
  // Without the model's blocks, any anonymous memory may be theirs.
  return { source, processBytes, malloc, rest: state === null ? null : rest };
}

function mallocOf(split: AreaSplit, state: MemoryState | null): ObservedMalloc {
  const heap = compared(exactly(split.heapBytes), state?.heap ?? null);
  const arenas = compared(split.arenas, state?.arenasRss ?? null);
  const mapped = compared(split.mapped, state?.mapped ?? null);
  const starts = new Set(split.arenaHeapStarts);
  const sameAddress = state?.arenaHeapStarts.filter((one) => starts.has(one)).length ?? 0;
  return {
    all: compared(split.malloc, state && together([state.heap, state.arenasRss, state.mapped])),
    heap,
    sameHeap: isSameHeap(split, state?.heapStart ?? Number.NaN, sameAddress),
    arenas,
    mapped,
    arenaHeaps: {
      measured: split.arenaHeapStarts.length,
      modelled: state?.arenaHeapStarts.length ?? null,
      sameAddress,
    },
    blocks: { modelled: state?.mappings.length ?? null, located: split.located },
  };
}

/** A heap elsewhere is of another process, unless other addresses are the log's. */
function isSameHeap(
  { heaps, located }: AreaSplit,
  heapStart: number,
  sameAddress: number,
): boolean | null {
  if (heaps.length === 0 || Number.isNaN(heapStart)) {
    return null;
  }
  if (heaps.some(({ from, to }) => heapStart >= from && heapStart < to)) {
    return true;
  }
  return sameAddress > 0 || located > 0 ? null : false;
}

function ofCounts(
  source: string,
  { kind, arenas, systemBytes, inUseBytes, mappedBytes }: ObservedCounts,
  state: MemoryState | null,
): ObservedCount {
  const modelled = new Map(state?.arenas.map((one) => [one.id, one]));
  // glibc lists the main arena first and then the others, the latest first: a new one goes behind the main arena.
  const idOf = (nr: number): number => (nr === 0 ? 0 : (arenas?.length ?? 0) - nr);
  return {
    source,
    kind,
    system: compared(exactly(systemBytes), counts(state?.systemBytes)),
    inUse: compared(exactly(inUseBytes), counts(state?.inUseBytes)),
    mapped:
      mappedBytes === null
        ? null
        : compared(exactly(mappedBytes), counts(state?.countedMappedBytes)),
    arenas:
      arenas
        ?.map(({ nr, ...measured }) => ({ ...measured, id: idOf(nr) }))
        .sort((a, b) => a.id - b.id)
        .map((one) => ({
          id: one.id,
          system: compared(exactly(one.systemBytes), counts(modelled.get(one.id)?.systemBytes)),
          inUse: compared(exactly(one.inUseBytes), counts(modelled.get(one.id)?.inUseBytes)),
        })) ?? null,
  };
}

function ofJvm(source: string, { committedBytes, categories }: ObservedJvm): ObservedJvmSummary {
  const shown = categories.map(({ name, ...one }) => ({
    name,
    mappedBytes: Math.max(0, one.committedBytes - one.mallocBytes),
    mallocBytes: one.mallocBytes,
  }));
  return {
    source,
    committedBytes,
    mallocBytes: shown.reduce((sum, one) => sum + one.mallocBytes, 0),
    mappedBytes: shown.reduce((sum, one) => sum + one.mappedBytes, 0),
    categories: shown.sort((a, b) => b.mappedBytes - a.mappedBytes),
  };
}

function rssOf({ heap, arenasRss, mapped }: MemoryState): number {
  return heap.bytes + arenasRss.bytes + mapped.bytes;
}

function exactly(bytes: number): Bounds {
  return { leastBytes: bytes, mostBytes: bytes };
}

function counts(bytes: number | undefined): ResidentBytes | null {
  return bytes === undefined ? null : { bytes, leastBytes: bytes };
}

function together(parts: readonly ResidentBytes[]): ResidentBytes {
  return {
    bytes: parts.reduce((sum, one) => sum + one.bytes, 0),
    leastBytes: parts.reduce((sum, one) => sum + one.leastBytes, 0),
  };
}

function compared({ leastBytes, mostBytes }: Bounds, modelled: ResidentBytes | null): Compared {
  if (modelled === null) {
    return {
      measuredBytes: leastBytes,
      leastBytes,
      mostBytes,
      modelledBytes: null,
      modelledLeastBytes: null,
      error: null,
    };
  }
  const measuredBytes = Math.min(mostBytes, Math.max(leastBytes, modelled.bytes));
  return {
    measuredBytes,
    leastBytes,
    mostBytes,
    modelledBytes: modelled.bytes,
    modelledLeastBytes: modelled.leastBytes,
    error: measuredBytes === 0 ? null : (modelled.bytes - measuredBytes) / measuredBytes,
  };
}
