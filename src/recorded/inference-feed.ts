import type { Inferences } from "../replay/inferences.ts";
import { MMAP_THRESHOLD } from "../replay/inferred-settings.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import { copyWork, type Work } from "../replay/work.ts";
import type { Candidate } from "./candidate.ts";
import type { Detection } from "./detection.ts";
import type { Part } from "./explain/first-mismatch.ts";

/** Takes each batch with what the recorded run inferred from it. */
export interface InferenceSink {
  /** True if the process's glibc accepts the settings of all what-ifs. */
  accepts(origin: RecordedProcess): boolean;
  /**
   * The log begins, or begins again with other settings of the process. `isAnchored`: the recorded run already follows
   * pointers that its model does not explain.
   */
  start(origin: RecordedProcess, isAnchored: boolean): void;
  take(work: Work, inferences: Inferences): void;
}

/** Batches that wait at most: about 6 MiB. Few logs have a version that shows later, and they switch. */
export const MAX_WAITING = 8;

/** What one candidate's run found in a batch; all settings that it knows. */
interface Found {
  readonly work: Work;
  readonly inferences: Omit<Inferences, "retractsThreshold" | "glibc">;
}

/**
 * Gives the what-ifs each batch with the inferences of the best candidate. The what-ifs follow its version from the first
 * batch on: a version that they adopt later continues with a state that its own rules would not have led to. So the first
 * batches wait until the pointers have shown the version, or until they are too many.
 */
export class InferenceFeed {
  readonly #sink: InferenceSink;
  /** per waiting batch, what the run of each candidate found */
  #waiting: Map<Candidate, Found>[] = [];
  /** settings that the what-ifs have received */
  readonly #sentSettings = new Map<string, number>();
  /** the version that the what-ifs follow; null before they begin, or begin again */
  #followed: string | null = null;

  constructor(sink: InferenceSink) {
    this.#sink = sink;
  }

  /** The log begins again, from its first batch. */
  restart(): void {
    this.#waiting = [];
    this.#sentSettings.clear();
    this.#followed = null;
  }

  /** Takes a batch that all runs have replayed. */
  take(part: Part, detection: Detection): void {
    if (this.#followed === null && detection.isOpen && this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(foundByAll(detection, part));
      return;
    }
    this.begin(detection);
    this.#give(detection.best, foundBy(detection.best, part, part.work));
  }

  /** Starts the what-ifs with the batches that wait, unless they have started: the version shows, or the log ends. */
  begin({ best }: Detection): void {
    if (this.#followed !== null) {
      return;
    }
    this.#sink.start(best.origin, best.recorded.guided.isAnchored);
    this.#followed = best.origin.glibc;
    for (const found of this.#waiting) {
      this.#give(best, found.get(best)!);
    }
    this.#waiting = [];
  }

  #give({ origin: { glibc } }: Candidate, { work, inferences }: Found): void {
    this.#sink.take(work, {
      ...inferences,
      ...this.#settingsToSend(inferences.settings),
      glibc: glibc === this.#followed ? null : glibc,
    });
    this.#followed = glibc;
  }

  /** Settings that the recorded run's pointers have shown hold for the what-ifs that do not set them, too. */
  #settingsToSend(
    settings: Inferences["settings"],
  ): Pick<Inferences, "settings" | "retractsThreshold"> {
    const changed = settings.filter(({ name, value }) => this.#sentSettings.get(name) !== value);
    for (const { name, value } of changed) {
      this.#sentSettings.set(name, value);
    }
    // A threshold may be retracted; a limit on arenas is sent only once it is confirmed.
    const isShown = settings.some(({ name }) => name === MMAP_THRESHOLD);
    const retractsThreshold = !isShown && this.#sentSettings.delete(MMAP_THRESHOLD);
    return { settings: changed, retractsThreshold };
  }
}

/** Copies the batch, with what the run of each candidate found in it. */
function foundByAll({ alive, runs }: Detection, part: Part): Map<Candidate, Found> {
  const copy = copyWork(part.work);
  const byRun = new Map(runs.map((one) => [one.recorded, foundBy(one, part, copy)]));
  return new Map(alive.map((one) => [one, byRun.get(one.recorded)!]));
}

/** Returns what the candidate's run found in the last batch: `work`, unless the run has put its lines in another order. */
function foundBy({ recorded }: Candidate, { first, logged }: Part, work: Work): Found {
  // An exit inferred now may lie in an earlier batch, which the what-ifs have already replayed.
  const inferred = recorded.inferred.map((one) => ({
    ...one,
    before: Math.max(one.before, first),
  }));
  const writes = logged.filter(({ kind }) => kind === "writes" || kind === "mappingEnd");
  const { settings } = recorded.guided.witness;
  return {
    work: recorded.inOrder(work),
    inferences: {
      first,
      insertions: [...writes, ...inferred].sort((a, b) => a.before - b.before),
      unloggedBytes: recorded.unloggedBytes,
      isMeasured: recorded.peak.isMeasured,
      cpus: recorded.mostCpus,
      settings: settings.map(({ name, value }) => ({ name, value })),
      breakStart: recorded.guided.model.breakHeap.start,
    },
  };
}
