/** Objects that never change once made. */
export const NEVER_CHANGED = new Set([
  "Ptmalloc.machine",
  "Ptmalloc.#profile",
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
]);
export const NOT_COPIED = new Set([
  // Objects for the core's records, made when they are asked for.
  "Ptmalloc.#arenas",
  "Ptmalloc.#heaps",
  "Ptmalloc.#heapSerials",
  // Beyond the last point stand words that a finer series left there.
  "Points.#values",
  // Set by the owner of the copy.
  "GuidedReplay.arenaSeries",
  "GuidedReplay.onAboveBreak",
  "SiblingVersions.onSplit",
  "Replay.onArenaReuse",
  "Replay.onPeak",
  "Ptmalloc.#onRaise",
  // Hold while a batch is replayed.
  "Core.#replayHost",
  "Replay.#host",
  "Replay.#replaying",
  "Replay.#rowOfEvent",
  // Hold for one call.
  "AddressMap.#mismatch",
  "GuidedReplay.#followed",
  "PointerWitness.beforeAnswer",
  "PointerWitness.#work",
  "PointerWitness.#at",
]);
/** Rules of `compareCopy` for copies of guided replays. */
export const REPLAY_COPIES = { shared: NEVER_CHANGED, skipped: NOT_COPIED };
