/** Objects that never change once made. */
export const NEVER_CHANGED = new Set([
  "Ptmalloc.machine",
  "Ptmalloc.profile",
  "Ptmalloc.trims[]",
  "Thread.detachingLater",
  "AddressMap.#bases[]",
  "AddressMap.#heapAt[]",
  "AddressMap.#strays[]",
  "PointerJudge.missed[]",
  "PointerJudge.state.firstDivergence",
  "PointerWitness.found[]",
  "RssRecord.probes[]",
  "RowSeries.#points[]",
  "SiblingVersions.profiles",
  // One function for all series.
  "Points.#merge",
  // Shared leaves and mappings are copied before they change.
  "HeapPages.#leaves[]",
  "Ptmalloc.mappings[]",
]);
export const NOT_COPIED = new Set([
  // Tell which leaves and mappings are shared.
  "HeapPages.#isOwn",
  "Mapping.owner",
  "Ptmalloc.#owner",
  // Objects to be used again.
  "ProcessThreads.#spare",
  // A cache, filled again on demand.
  "Heap.hints",
  // Beyond the last record and the last point stand words that another replay, or a finer series, left there.
  "Chunks.words",
  "Points.#values",
  // Set by the owner of the copy.
  "GuidedReplay.arenaSeries",
  "GuidedReplay.onAboveBreak",
  "SiblingVersions.onSplit",
  "Replay.onArenaReuse",
  "Replay.onPeak",
  "Ptmalloc.onRaise",
  // Hold while a batch is replayed.
  "Replay.#replaying",
  "Replay.#rowOfEvent",
  // Hold for one call.
  "AddressMap.#mismatch",
  "PointerWitness.#work",
  "PointerWitness.#at",
  "BlockChunks.#warmed",
]);
/** Rules of `compareCopy` for copies of guided replays. */
export const REPLAY_COPIES = { shared: NEVER_CHANGED, skipped: NOT_COPIED };
