import { tcacheBins } from "../../ptmalloc/bin-lists.ts";
import { MAPPED, STATE } from "../../ptmalloc/chunks.ts";
import type { ThreadState } from "../../report/contract/inspection.ts";
import { binStates, type InspectedRun, isShown } from "./inspected-run.ts";

/** Returns the threads of the arenas that are shown, with their tcaches, in order of appearance, without their names. */
export function threadStates(run: InspectedRun): ThreadState[] {
  const { model, places, options, tidOf } = run;
  return model.threads
    .all()
    .filter(({ arena }) => options.arena === null || (arena !== null && isShown(run, arena)))
    .map((thread) => {
      const bins = binStates(tcacheBins(model, thread, options.chunksPerBin), places);
      const struct = thread.tcacheStruct;
      const isInHeap = struct !== 0 && model.chunks.words[struct + STATE] !== MAPPED;
      return {
        tid: tidOf(thread.index),
        name: null,
        arena: thread.arena?.id ?? null,
        tcacheStruct: isInHeap ? places.binned(struct) : null,
        cachedChunks: bins.reduce((sum, { chunks }) => sum + chunks, 0),
        cachedBytes: bins.reduce((sum, { bytes }) => sum + bytes, 0),
        bins,
      };
    });
}
