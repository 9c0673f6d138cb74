import { type EventBatch, Op } from "../trace/event.ts";
import { PointerTable } from "../trace/ledger/pointer-table.ts";
import type { LogWriter } from "./log-writer.ts";
import { Losses } from "./losses.ts";

/** A driver has no block of 0 bytes. */
const LEAST_BYTES = 1;

/** Counts towards throughput and utilization. */
const WEIGHT = 1;

/**
 * A trace of the malloc lab of "Computer Systems: A Programmer's Perspective" (.rep): four lines with the heap's size in
 * bytes, of which mallog states the peak of live bytes, the number of ids, the number of operations, and the weight; then
 * `a id bytes`, `r id bytes` and `f id`, one a line. Each block has an id of its own.
 */
export class RepWriter implements LogWriter {
  readonly losses = new Losses();
  readonly #pointers = new PointerTable();
  /** by the table's ids, which it uses again */
  readonly #ids: number[] = [];
  readonly #sizes: number[] = [];
  #nextId = 0;
  #operations = 0;
  #liveBytes = 0;
  #peakBytes = 0;
  readonly #threads = new Set<number>();

  lateHead(): string {
    return `${this.#peakBytes}\n${this.#nextId}\n${this.#operations}\n${WEIGHT}\n`;
  }

  write(batch: EventBatch): string {
    this.losses.addContext(batch);
    let text = "";
    for (let i = 0; i < batch.length; i++) {
      text += this.#line(batch, i);
    }
    return text;
  }

  #line(batch: EventBatch, i: number): string {
    const thread = batch.tid[i]!;
    if (!this.#threads.has(thread)) {
      // The first thread is the trace's.
      this.losses.add("further thread", this.#threads.size === 0 ? 0 : 1);
      this.#threads.add(thread);
    }
    // The column holds an Op.
    const op = batch.op[i]! as Op;
    switch (op) {
      case Op.memalign:
      case Op.valloc:
      case Op.pvalloc:
        this.losses.add("alignment");
        return this.#allocate(batch, i);
      case Op.malloc:
      case Op.calloc:
        return this.#allocate(batch, i);
      case Op.realloc:
        return this.#reallocate(batch, i);
      case Op.free:
        return this.#free(batch.pointerIn[i]!);
      case Op.mallocTrim:
      case Op.mallopt:
      case Op.threadExit:
      case Op.mark:
        this.losses.add("other call");
        return "";
      default:
        return op satisfies never;
    }
  }

  #allocate({ size, pointerOut }: EventBatch, i: number): string {
    const pointer = pointerOut[i]!;
    if (pointer === 0) {
      this.losses.add("failed call");
      return "";
    }
    const row = this.#pointers.insert(pointer);
    if (row < 0) {
      // The free of the block that was there is missing; it stays allocated.
      this.losses.add("missing free");
    }
    const known = row < 0 ? ~row : row;
    const id = this.#nextId++;
    this.#ids[known] = id;
    this.#sizes[known] = 0;
    return `a ${id} ${this.#resize(known, size[i]!)}\n`;
  }

  #reallocate(batch: EventBatch, i: number): string {
    const from = batch.pointerIn[i]!;
    const to = batch.pointerOut[i]!;
    const row = from === 0 ? -1 : this.#pointers.find(from);
    if (row < 0) {
      return this.#allocate(batch, i);
    }
    if (to === 0) {
      if (batch.size[i] === 0) {
        return this.#free(from);
      }
      this.losses.add("failed call");
      return "";
    }
    if (to !== from) {
      this.#pointers.detach(from);
      const displaced = this.#pointers.attach(to, row);
      this.losses.add("missing free", displaced < 0 ? 0 : 1);
    }
    return `r ${this.#ids[row]} ${this.#resize(row, batch.size[i]!)}\n`;
  }

  #free(pointer: number): string {
    const row = pointer === 0 ? -1 : this.#pointers.remove(pointer);
    if (row < 0) {
      this.losses.add(pointer === 0 ? "NULL free" : "unmatched free");
      return "";
    }
    this.#liveBytes -= this.#sizes[row]!;
    this.#operations++;
    return `f ${this.#ids[row]}\n`;
  }

  /** Counts an operation that gives a block this size. Returns the bytes to be stated. */
  #resize(row: number, size: number): number {
    if (size < LEAST_BYTES) {
      this.losses.add("0-byte size");
    }
    const bytes = Math.max(LEAST_BYTES, size);
    this.#operations++;
    this.#liveBytes += bytes - this.#sizes[row]!;
    this.#sizes[row] = bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return bytes;
  }
}
