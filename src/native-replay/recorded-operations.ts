import type { Inferences } from "../replay/inferences.ts";
import type { Insertion } from "../replay/insertions.ts";
import type { LastExits } from "../replay/last-exits.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { MaybeFigures } from "../what-if/scenario-figures.ts";
import type { WhatIfRunner } from "../what-if/what-if-runner.ts";
import type { Asked } from "../what-if/what-ifs.ts";
import { OperationsWriter } from "./operations-writer.ts";

/** Writes a file of operations for each process of a log while what-ifs replay it, and keeps that of the reported one. */
export class RecordedOperations {
  readonly #trimPeriods: readonly number[];
  readonly #writers: OperationsWriter[] = [];
  #reported: OperationsWriter | null = null;

  /** `trimPeriods`: see OperationsWriter */
  constructor(trimPeriods: readonly number[]) {
    this.#trimPeriods = trimPeriods;
  }

  /** path of the file; null: the log has not ended */
  get path(): string | null {
    return this.#reported?.file.path ?? null;
  }

  /** Returns a runner that does what `runner` does, and writes what it is given. */
  around(runner: WhatIfRunner): WhatIfRunner {
    const writer = new OperationsWriter(this.#trimPeriods);
    this.#writers.push(writer);
    return new WritingRunner(runner, writer, () => {
      this.#reported = writer;
    });
  }

  /** Ends all files. */
  close(): void {
    for (const { file } of this.#writers) {
      file.close();
    }
    this.#writers.length = 0;
  }
}

class WritingRunner implements WhatIfRunner {
  readonly #runner: WhatIfRunner;
  readonly #writer: OperationsWriter;
  readonly #onFinish: () => void;

  constructor(runner: WhatIfRunner, writer: OperationsWriter, onFinish: () => void) {
    this.#runner = runner;
    this.#writer = writer;
    this.#onFinish = onFinish;
  }

  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void {
    this.#writer.start(origin);
    this.#runner.start(origin, specs);
  }

  take(work: Work, inferences: Inferences): void {
    this.#writer.take(work, inferences);
    this.#runner.take(work, inferences);
  }

  /** Only the reported process's log has an end. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    this.#writer.finish(insertions, exits);
    this.#onFinish();
    this.#runner.finish(insertions, exits);
  }

  figures(reading: Reading, asked: Asked): MaybeFigures[] | Promise<MaybeFigures[]> {
    return this.#runner.figures(reading, asked);
  }

  whenReady(): Promise<void> | null {
    return this.#runner.whenReady();
  }
}
