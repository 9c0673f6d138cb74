import type { Arena } from "../../ptmalloc/arena.ts";
import { arenaBins } from "../../ptmalloc/bin-lists.ts";
import { type ArenaCensus, census } from "../../ptmalloc/census.ts";
import { GRANULE, SMALLEST_PAGE } from "../../ptmalloc/chunks.ts";
import { heapMaps, type HeapMap as ModelMap, mapOffset } from "../../ptmalloc/heap-map.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { trimRanges } from "../../ptmalloc/trim-ranges.ts";
import type { GuidedReplay } from "../../recorded/guided-replay.ts";
import type { Reading } from "../../replay/writes/reading.ts";
import type {
  ArenaHeap,
  ArenaState,
  HeapState,
  MallocParameters,
  TrimmedRange,
} from "../../report/contract/inspection.ts";
import type { HeapMap } from "../../report/contract/report.ts";
import type { InspectOptions } from "../analysis-options.ts";
import { heapChunks } from "./heap-chunks.ts";
import { binStates, type InspectedRun, isShown } from "./inspected-run.ts";
import { mappedChunks } from "./mapped-chunks.ts";
import { Places } from "./places.ts";
import { threadStates } from "./thread-states.ts";

/** Returns the state of a run's heap, without the names of threads. */
export function inspectHeap(
  guided: GuidedReplay,
  reading: Reading,
  options: InspectOptions,
  tidOf: (thread: number) => number,
): HeapState {
  const { model } = guided;
  const run = { guided, model, places: new Places(guided), reading, options, tidOf };
  return {
    addresses: guided.judge.addresses.state.whole ? "whole" : "cut",
    rssBytes: reading.bytes(model.resident.pages),
    rssRange: {
      noneBytes: reading.noneBytes(model.resident.pages),
      allBytes: reading.allBytes(model.resident.pages),
    },
    systemBytes: model.systemBytes,
    inUseBytes: model.inUseBytes,
    unloggedBytes: model.unloggedGranules * GRANULE,
    parameters: parametersOf(model),
    arenaCount: model.arenas.length,
    arenas: arenaStates(run),
    threads: threadStates(run),
    mapped: {
      blocks: model.mappedBlocks,
      bytes: model.mappedBytes,
      countedBytes: model.mappedBytes + model.miscountedMappedBytes,
      chunks: mappedChunks(run),
    },
    trim: options.trim ? trimmedRanges(run) : null,
  };
}

function parametersOf({ par, profile }: Ptmalloc): MallocParameters {
  const hasTcache = profile.tcache !== "none";
  return {
    mmapThreshold: par.mmapThreshold,
    trimThreshold: par.trimThreshold,
    topPad: par.topPad,
    mmapMax: par.mmapMax,
    isDynamic: !par.noDynThreshold,
    arenaMax: par.arenaMax,
    arenaTest: par.arenaTest,
    tcacheCount: hasTcache ? par.tcacheCount : 0,
    tcacheMaxBytes: hasTcache ? par.tcacheMaxChunk : 0,
    maxFast: par.maxFast,
  };
}

function arenaStates(run: InspectedRun): ArenaState[] {
  const { model, reading } = run;
  const shown = model.arenas.filter((arena) => isShown(run, arena));
  // To the scale of what is shown.
  const maps = heapMaps(model, reading.plane, shown);
  const mapOf = new Map(maps.heaps.map((map) => [map.heap, map]));
  return census(model)
    .filter(({ arena }) => isShown(run, arena))
    .map((counted) => arenaState(run, counted, (heap) => ({ map: mapOf.get(heap)!, ...maps })));
}

function arenaState(
  run: InspectedRun,
  { arena, systemBytes, pages, inUseBytes, free }: ArenaCensus,
  mapOf: (heap: Arena["heaps"][number]) => { map: ModelMap; pagesPerCell: number },
): ArenaState {
  const { model, places, reading, options, tidOf } = run;
  return {
    id: arena.id,
    main: arena.main,
    address: places.arena(arena),
    systemBytes,
    maxSystemBytes: arena.maxSystemMem,
    rssBytes: reading.bytes(pages),
    inUseBytes,
    free,
    attached: [...model.threads.indices()]
      .filter((index) => model.threads.arenaOf(index) === arena)
      .map(tidOf),
    top: arena.top === 0 ? null : places.chunk(arena.top),
    heaps: arena.heaps.map((heap): ArenaHeap => {
      const { map, pagesPerCell } = mapOf(heap);
      // What lies below the first known chunk is unknown where the log begins later.
      const start = heap.firstPage * model.pageBytes;
      return {
        kind: heap.kind,
        address: places.address(heap, start),
        bytes: heap.size - start,
        rssBytes: (map.fullPages + map.partlyFreePages + map.freePages) * SMALLEST_PAGE,
        chunks: options.chunks ? heapChunks(run, heap) : null,
        mapOffset: mapOffset(model, heap, reading.plane) - start,
        map: reportedMap(map, pagesPerCell),
      };
    }),
    bins: binStates(arenaBins(model, arena, options.chunksPerBin), places),
  };
}

function reportedMap({ heap, resident, free, ...counts }: ModelMap, pagesPerCell: number): HeapMap {
  return { ...counts, pagesPerCell, resident, free };
}

function trimmedRanges(run: InspectedRun): TrimmedRange[] {
  const { model, places, reading } = run;
  return trimRanges(model, 0, reading.plane)
    .filter(({ heap }) => isShown(run, heap.arena))
    .map(({ call, heap, offset, bytes, residentBytes }) => ({
      arena: heap.arena.id,
      ...places.at(heap, offset),
      call,
      bytes,
      residentBytes,
    }));
}
