/**
 * Events in columns. A batch holds the calls of one block of log text as parallel typed arrays; it is filled by a
 * decoder in `input/`, annotated by the block table, and then read by every model. Batches are reused: nothing is
 * allocated per event.
 */

/** What a log line says was called. Aliases (cfree, operator new, reallocarray, …) are folded by the decoder. */
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
  /** mark(label): a named point of the run, without effect on the heap */
  mark: 10,
} as const;

/** A `# key value` comment line, in the order of the log. */
export interface Note {
  /** index of the event in the batch before which the comment stands (may equal `length`) */
  readonly at: number;
  /** 1-based number of the line in the log */
  readonly line: number;
  /** the line without its leading `#`, trimmed */
  readonly text: string;
}

export const EVENTS_PER_BATCH = 8192;

/** What columns are made in. */
export type Memory = typeof ArrayBuffer | typeof SharedArrayBuffer;

/** A column that stands beside those of an EventBatch. */
export function column<Column>(
  Type: { new (memory: ArrayBufferLike): Column; readonly BYTES_PER_ELEMENT: number },
  memory: Memory,
): Column {
  return new Type(new memory(EVENTS_PER_BATCH * Type.BYTES_PER_ELEMENT));
}

/**
 * Copies `length` entries from number `start` on, no more than are filled in: memory that is touched for the first time
 * costs more than all else.
 */
export function copyColumn(
  to: Uint8Array | Int32Array | Float64Array,
  from: Uint8Array | Int32Array | Float64Array,
  length: number,
  start = 0,
): void {
  to.set(from.subarray(start, start + length));
}

/** The columns of a batch, whosever it is. */
export type EventColumns = Omit<EventBatch, "length" | "notes" | "clear" | "copy" | "splitAt">;

export class EventBatch {
  /** events filled in, 0..EVENTS_PER_BATCH */
  length = 0;
  /** one of `Op` */
  readonly op: Uint8Array;
  /** thread id as logged, 0..2^31-1 */
  readonly tid: Int32Array;
  /** µs on the log's own clock; NaN where the line carries no time. `Clock` adds the days that the log leaves out. */
  readonly time: Float64Array;
  /** return address of the call; 0 where the line carries none */
  readonly caller: Float64Array;
  /** requested bytes; see `Op` for the calls that use it otherwise */
  readonly size: Float64Array;
  /** alignment in bytes; see `Op` for the calls that use it otherwise */
  readonly align: Float64Array;
  /** pointer given to free and realloc; 0 = NULL. Doubles hold 16-aligned addresses up to 2^57 exactly. */
  readonly pointerIn: Float64Array;
  /** pointer returned; 0 = NULL */
  readonly pointerOut: Float64Array;
  /** 1-based number of the line in the log; a double, so that logs of more than 2^32 lines keep their numbers */
  readonly line: Float64Array;
  readonly notes: Note[] = [];

  constructor(memory: Memory = ArrayBuffer) {
    this.op = column(Uint8Array, memory);
    this.tid = column(Int32Array, memory);
    this.time = column(Float64Array, memory);
    this.caller = column(Float64Array, memory);
    this.size = column(Float64Array, memory);
    this.align = column(Float64Array, memory);
    this.pointerIn = column(Float64Array, memory);
    this.pointerOut = column(Float64Array, memory);
    this.line = column(Float64Array, memory);
  }

  clear(): void {
    this.length = 0;
    this.notes.length = 0;
  }

  /** Becomes a copy of `length` events of `other`, from number `start` on, without its notes. */
  copy(other: EventColumns, length: number, start = 0): void {
    this.clear();
    this.length = length;
    copyColumn(this.op, other.op, length, start);
    copyColumn(this.tid, other.tid, length, start);
    copyColumn(this.time, other.time, length, start);
    copyColumn(this.caller, other.caller, length, start);
    copyColumn(this.size, other.size, length, start);
    copyColumn(this.align, other.align, length, start);
    copyColumn(this.pointerIn, other.pointerIn, length, start);
    copyColumn(this.pointerOut, other.pointerOut, length, start);
    copyColumn(this.line, other.line, length, start);
  }

  /** Two batches with the events before number `at`, and from it on. A comment right before it is with the former. */
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
