import { type Columns, columnar, copyColumns, type Declaration } from "./columns.ts";

/**
 * Events in columns. A decoder of `input/` fills a batch with consecutive calls of the log; the ledger writes an
 * ActionBatch beside it; every model reads both. Batches are reused: nothing is allocated per event.
 */

/**
 * What a log line says was called. The decoder maps aliases (cfree, operator new, reallocarray, …) to these. Calls that
 * return a pointer come first: malloc .. pvalloc.
 */
export const Op = {
  malloc: 0,
  /** size = count × element size, in bytes */
  calloc: 1,
  /** also reallocarray, with size = count × element size */
  realloc: 2,
  /** memalign, aligned_alloc and posix_memalign, alignment in `align` */
  memalign: 3,
  valloc: 4,
  pvalloc: 5,
  free: 6,
  /** the program's own malloc_trim(pad), pad in `size` */
  mallocTrim: 7,
  /** the program's own mallopt(parameter, value): parameter in `align`, value in `size` */
  mallopt: 8,
  threadExit: 9,
  /** mark(label): a named point of the run, without effect on the heap; the number of its label in `align` */
  mark: 10,
} as const;

export type Op = (typeof Op)[keyof typeof Op];

/** A `# key value` comment line, in the order of the log. */
export interface Note {
  /** index in the batch of the event that follows the comment; the batch's length where none does */
  readonly at: number;
  /** 1-based number of the line in the log */
  readonly line: number;
  /** the line without its leading `#`, trimmed */
  readonly text: string;
}

/** The columns of an EventBatch. */
export const EVENT_COLUMNS = {
  /** one of `Op` */
  op: Uint8Array,
  /** thread id as logged, 0..2^31-1 */
  tid: Int32Array,
  /** µs on the log's clock; NaN where the line carries no time. The decoder writes it as logged, `Clock` adds days. */
  time: Float64Array,
  /** return address of the call; 0 where the line carries none */
  caller: Float64Array,
  /** requested bytes; `Op` says where it is something else */
  size: Float64Array,
  /** alignment in bytes; `Op` says where it is something else */
  align: Float64Array,
  /** pointer given to free and realloc; 0 = NULL. Doubles hold 16-aligned addresses up to 2^57 exactly. */
  pointerIn: Float64Array,
  /** pointer returned; 0 = NULL */
  pointerOut: Float64Array,
  /** 1-based number of the line in the log; a double, so that logs of more than 2^32 lines keep their numbers */
  line: Float64Array,
} as const satisfies Declaration;

export type EventColumns = Columns<typeof EVENT_COLUMNS>;

export class EventBatch extends columnar(EVENT_COLUMNS) {
  /** events filled in, 0..EVENTS_PER_BATCH */
  length = 0;
  readonly notes: Note[] = [];

  clear(): void {
    this.length = 0;
    this.notes.length = 0;
  }

  /** Becomes a copy of `length` events of `other`, from index `start` on, without its notes. */
  copy(other: EventColumns, length: number, start = 0): void {
    this.clear();
    this.length = length;
    copyColumns(EVENT_COLUMNS, this, other, length, start);
  }

  /** Adds a copy of rows from .. to − 1 of `other`, without its notes. There must be room for them. */
  append(other: EventColumns, from: number, to: number): void {
    copyColumns(EVENT_COLUMNS, this, other, to - from, from, this.length);
    this.length += to - from;
  }

  /** Two batches: the events before index `at`, and those from it on. A comment right before it goes into the first. */
  splitAt(at: number): [EventBatch, EventBatch] {
    const halves: [EventBatch, EventBatch] = [new EventBatch(), new EventBatch()];
    halves[0].copy(this, at);
    halves[1].copy(this, this.length - at, at);
    for (const note of this.notes) {
      if (note.at <= at) {
        halves[0].notes.push(note);
      } else {
        halves[1].notes.push({ ...note, at: note.at - at });
      }
    }
    return halves;
  }
}
