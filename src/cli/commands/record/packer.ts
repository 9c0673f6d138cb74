import { readdirSync, rmSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { PackedLog } from "./packed-log.ts";
import { isRawLog } from "./raw-logs.ts";

/** Time between looks at logs that do not grow fast. */
const LOOK_MS = 50;

interface Packing {
  readonly log: PackedLog;
  readonly file: string;
}

/**
 * Packs the logs in a folder while the hook writes them. One member at a time: the other processors are the program's. Without
 * `areAllKept`, it packs the log that is the largest at the time, which most likely is kept.
 */
export class Packer {
  readonly #folder: string;
  readonly #areAllKept: boolean;
  readonly #begun = new Map<string, Packing>();
  readonly #over = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(folder: string, areAllKept: boolean) {
    this.#folder = folder;
    this.#areAllKept = areAllKept;
  }

  start(): void {
    this.#ended = this.#pack();
  }

  /** Ends packing; the members that are begun are written. */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#ended;
  }

  /**
   * Packs the rest of a log of that many bytes. Returns the path of the compressed file.
   * @throws Error of the system, or AbortError
   */
  async finish(path: string, bytes: number, signal?: AbortSignal): Promise<string> {
    const { log, file } = this.#packing(path);
    try {
      await log.packRest(bytes, availableParallelism(), signal);
      return file;
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    } finally {
      log.close();
      this.#begun.delete(path);
    }
  }

  /** Where that fails, as on a full disk, the logs are packed once they have ended, which says what is wrong. */
  async #pack(): Promise<void> {
    const { signal } = this.#over;
    try {
      while (!signal.aborted) {
        if (!(await this.#packOneOfEach())) {
          // `stop` ends it.
          await pause(LOOK_MS, undefined, { signal }).catch(() => {});
        }
      }
    } catch {
      this.close();
    }
  }

  async #packOneOfEach(): Promise<boolean> {
    let isBusy = false;
    for (const path of this.#toPack()) {
      isBusy = (await this.#packing(path).log.packSome()) || isBusy;
    }
    return isBusy;
  }

  /** Removes what is packed of logs that are not kept. */
  close(): void {
    for (const { log, file } of this.#begun.values()) {
      log.close();
      rmSync(file, { force: true });
    }
    this.#begun.clear();
  }

  #packing(path: string): Packing {
    const known = this.#begun.get(path);
    if (known !== undefined) {
      return known;
    }
    const file = `${path}.gz`;
    const packing = { log: new PackedLog(path, file), file };
    this.#begun.set(path, packing);
    return packing;
  }

  #toPack(): string[] {
    const logs = readdirSync(this.#folder)
      .filter(isRawLog)
      .map((name) => join(this.#folder, name))
      .map((path) => ({ path, bytes: statSync(path).size }))
      .filter(({ bytes }) => PackedLog.hasMore(bytes))
      .toSorted((a, b) => b.bytes - a.bytes);
    return (this.#areAllKept ? logs : logs.slice(0, 1)).map(({ path }) => path);
  }
}
