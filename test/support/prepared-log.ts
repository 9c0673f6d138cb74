import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { insertionsOf, PASSES, type Pass, type Stage } from "../../src/pipeline/passes.ts";
import { type AddressFacts, guidedReplayOf } from "../../src/recorded/candidates.ts";
import type { GuidedReplay } from "../../src/recorded/guided-replay.ts";
import { recordedProcesses } from "../../src/recorded/processes.ts";
import type { PreparedBatch } from "../../src/recorded/recorded-runs.ts";
import { replayBatch, replayWith } from "../../src/replay/insertions.ts";
import { type RecordedProcess, SettingRefused } from "../../src/replay/recorded-process.ts";
import type { Replay } from "../../src/replay/replay.ts";
import { Holes } from "../../src/replay/writes/holes.ts";
import { Touch, TouchBatch } from "../../src/replay/writes/touch.ts";
import { ActionBatch } from "../../src/trace/actions.ts";
import { EVENTS_PER_BATCH } from "../../src/trace/columns.ts";
import { EventBatch, type Note } from "../../src/trace/event.ts";
import { Ledger } from "../../src/trace/ledger/ledger.ts";
import { LastCalls } from "../../src/trace/order/last-calls.ts";
import { ThreadExits } from "../../src/trace/order/thread-exits.ts";
import { FirstPointers } from "../../src/trace/signs/first-pointers.ts";
import type { EventSink } from "../../src/trace/sink.ts";
import { LogFacts } from "../../src/trace/stated/log-facts.ts";
import { SmallerBatches } from "./smaller-batches.ts";

/** A log whose batches the passes of the pipeline have prepared for a replay, all of them at once. */
export interface PreparedLog {
  readonly batches: readonly PreparedBatch[];
  readonly ledger: Ledger;
  /** null if the log has thread_exit() lines */
  readonly lastCalls: LastCalls | null;
}

/** Prepares a log of these lines, in batches of at most so many events. All bytes of the blocks count as written. */
export function prepare(
  lines: readonly string[],
  eventsPerBatch = EVENTS_PER_BATCH,
  passes: readonly Pass[] = PASSES,
): PreparedLog {
  const ledger = new Ledger();
  const firstPointers = new FirstPointers();
  const threadExits = new ThreadExits();
  const lastCalls = new LastCalls();
  const touch = new Touch("all");
  const holes = new Holes();
  const facts = new LogFacts();
  const read = batchesOf(lines, eventsPerBatch);
  const batches = read.map((batch, n): PreparedBatch => {
    const next = read[n + 1] ?? null;
    const samples = new Map<Note, number>();
    for (const note of batch.notes) {
      const bytes = facts.read(note);
      if (bytes !== null) {
        samples.set(note, bytes);
      }
    }
    holes.concerns(batch.notes);
    const [actions, touched] = [new ActionBatch(), new TouchBatch()];
    const stage: Stage = {
      batch,
      first: ledger.events,
      next,
      samples,
      actions,
      touched,
      ledger,
      firstPointers,
      threadExits,
      lastCalls,
      touch,
      holes,
      coming: [],
      exits: [],
      logged: [],
    };
    for (const pass of passes) {
      pass.run(stage);
    }
    const { first } = stage;
    return { work: { batch, actions, touch: touched }, first, logged: insertionsOf(stage), next };
  });
  return { batches, ledger, lastCalls: threadExits.areLogged ? null : lastCalls };
}

/** The events of a log as they are decoded. */
export function batchesOf(
  lines: readonly string[],
  eventsPerBatch = EVENTS_PER_BATCH,
): EventBatch[] {
  const kept = new KeepingSink();
  const sink = new SmallerBatches(kept, eventsPerBatch);
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1");
  new NativeScanner(sink, new Diagnostics()).scan(text, text.length);
  sink.end();
  return kept.batches.filter(({ length, notes }) => length + notes.length > 0);
}

class KeepingSink implements EventSink {
  readonly batches: EventBatch[] = [];
  batch = new EventBatch();

  advance(): void {
    this.batches.push(this.batch);
    this.batch = new EventBatch();
  }

  whenReady(): null {
    return null;
  }

  whenEnding(): null {
    return null;
  }

  end(): void {
    this.advance();
  }
}

/** The recorded process of a glibc version; settings: null if unknown. */
export function originOf(
  glibc: string,
  settings: Readonly<Record<string, string>> | null = {},
  cpus: number | null = 2,
): RecordedProcess {
  const options = { glibc, recordedWith: settings, cpus, thp: null };
  return recordedProcesses(options, new LogFacts())[0]!;
}

export const WHOLE_POINTERS: AddressFacts = {
  heapStart: Number.NaN,
  seesWholePointers: true,
};

/** A fresh replay of the recorded process, guided by whole pointers. */
export function guidedReplay(origin: RecordedProcess, facts = WHOLE_POINTERS): GuidedReplay {
  const guided = guidedReplayOf(origin, facts);
  if (guided instanceof SettingRefused) {
    throw guided;
  }
  return guided;
}

/** Replays events from..to-1 of a prepared batch, with its insertions; by default all of it. */
export function replayPart(
  replay: Replay,
  { work, first, logged }: PreparedBatch,
  from = 0,
  to = Number.POSITIVE_INFINITY,
): void {
  if (to >= work.batch.length) {
    replayBatch(replay, work, first, logged, from);
  } else {
    replayWith(replay, work, first, from, to, logged);
  }
}
