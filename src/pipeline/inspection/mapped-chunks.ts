import { GRANULE, HEAP, MAPPED, STATE } from "../../ptmalloc/chunks.ts";
import { requestedBytes } from "../../ptmalloc/requests.ts";
import type { MappedChunk } from "../../report/contract/inspection.ts";
import type { InspectedRun } from "./inspected-run.ts";

/** Returns the blocks with a mapping each, the largest first. */
export function mappedChunks({ guided, model, places, reading }: InspectedRun): MappedChunk[] {
  const w = model.chunks.words;
  const mapped: MappedChunk[] = [];
  guided.replay.eachBlock((_, c) => {
    if (w[c + STATE] !== MAPPED) {
      return;
    }
    const mapping = model.mappingOf(c);
    mapped.push({
      address: places.mapped(w[c + HEAP]!, mapping.offset * GRANULE),
      bytes: mapping.totalBytes,
      rssBytes: mapping.pages(reading.plane) * model.pageBytes,
      requestedBytes: requestedBytes(model, c),
    });
  });
  return mapped.sort((a, b) => b.bytes - a.bytes);
}
