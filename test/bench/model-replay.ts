import { availableParallelism } from "node:os";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { MallocPar } from "../../src/ptmalloc/settings.ts";
import { Replay as ModelReplay } from "../../src/replay/replay.ts";
import type { Work } from "../../src/replay/work.ts";
import { TouchBatch } from "../../src/replay/writes/touch.ts";
import { Action, ActionBatch } from "../../src/trace/actions.ts";
import { EventBatch } from "../../src/trace/event.ts";
import { CallsReader } from "./calls-file.ts";

/**
 * node model-replay.mjs scenario|bare GLIBC WARMING CALLS
 *
 * Makes the calls of file CALLS in the model of that glibc, as native-replay does natively, and prints the same two
 * numbers. Before, another model makes the calls of file WARMING, so that the code is compiled. `scenario`: a replay as in
 * a what-if, with pages and peaks; `bare`: the allocator's calls alone.
 */

interface Replay {
  /** Makes the calls of a batch. */
  make(work: Work): void;
  isLive(block: number): boolean;
}

class ScenarioReplay implements Replay {
  readonly #replay: ModelReplay;

  constructor(model: Ptmalloc) {
    this.#replay = new ModelReplay(model);
  }

  make(work: Work): void {
    this.#replay.run(work, 0, work.batch.length);
  }

  isLive(block: number): boolean {
    return this.#replay.chunkOf(block) !== 0;
  }
}

class BareReplay implements Replay {
  readonly #model: Ptmalloc;
  readonly #chunks: Int32Array;

  constructor(model: Ptmalloc, blocks: number) {
    this.#model = model;
    this.#chunks = new Int32Array(blocks);
    model.enter(0);
  }

  make({ batch, actions }: Work): void {
    const chunks = this.#chunks;
    for (let i = 0; i < batch.length; i++) {
      const block = actions.block[i]!;
      chunks[block] = this.#call(
        actions.action[i]!,
        chunks[block]!,
        batch.size[i]!,
        batch.align[i]!,
      );
    }
  }

  isLive(block: number): boolean {
    return this.#chunks[block] !== 0;
  }

  #call(action: number, chunk: number, size: number, align: number): number {
    const model = this.#model;
    switch (action) {
      case Action.malloc:
        return model.malloc(size);
      case Action.calloc:
        return model.calloc(size);
      case Action.realloc:
        return model.realloc(chunk, size);
      case Action.memalign:
        return model.memalign(align, size);
      default:
        model.free(chunk);
        return 0;
    }
  }
}

function newModel(glibc: string): Ptmalloc {
  const profile = profileOf(glibc);
  if (profile === null) {
    throw new RangeError(`glibc ${glibc} is not modelled`);
  }
  return new Ptmalloc(profile, new MallocPar(profile), availableParallelism());
}

/** Makes the calls of a file. Returns the user time of those after the preparation in µs, and the live blocks. */
function replay(kind: string, glibc: string, path: string): { micros: number; live: number } {
  const calls = new CallsReader(path);
  const model = newModel(glibc);
  const run = kind === "bare" ? new BareReplay(model, calls.blocks) : new ScenarioReplay(model);
  const work = { batch: new EventBatch(), actions: new ActionBatch(), touch: new TouchBatch() };
  let micros = 0;
  for (;;) {
    const isTimed = calls.isPrepared;
    if (!calls.next(work)) {
      break;
    }
    // One batch at a time, filled in just before, as in mallog: it fits the processor's cache.
    const start = process.cpuUsage();
    run.make(work);
    if (isTimed) {
      micros += process.cpuUsage(start).user;
    }
  }
  let live = 0;
  for (let block = 0; block < calls.blocks; block++) {
    if (run.isLive(block)) {
      live++;
    }
  }
  return { micros, live };
}

const [kind = "", glibc = "", warming = "", path = ""] = process.argv.slice(2);
replay(kind, glibc, warming);
const { micros, live } = replay(kind, glibc, path);
console.log(`${micros} ${live}`);
