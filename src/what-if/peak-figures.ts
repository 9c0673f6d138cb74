import type { Replay } from "../replay/replay.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { Causes } from "../report/contract/report.ts";
import { causeFigures } from "./cause-figures.ts";
import type { Replays } from "./rss-figures.ts";

/** What is known of the moment when the RSS of replays was highest. Several scenarios may share it. */
export class PeakFigures {
  /** RSS in bytes; null if the state is unknown */
  readonly bytes: number | null;
  readonly #replay: Replay | null;
  readonly #reading: Reading;
  #causes: Causes | null = null;

  /** `explains`: false if causes are not wanted, so that the state is needed only where the series do not show RSS */
  constructor(replays: Replays, reading: Reading, explains: boolean) {
    this.#replay = explains || !reading.isOfOnePlane ? replays.atPeak(reading) : null;
    this.#reading = reading;
    this.bytes = this.#replay && reading.bytes(this.#replay.model.resident.pages);
  }

  /**
   * Why the memory was resident; null if the state is unknown. It is counted at the first call. If the peak is at the log's
   * end, this must come before the trims there: the state is that of the replay itself.
   */
  causes(): Causes | null {
    this.#causes ??= this.#replay && causeFigures(this.#replay, this.#reading);
    return this.#causes;
  }
}
