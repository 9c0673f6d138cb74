/**
 * Buffers for batches that another thread reads. A buffer is taken, filled and sent; it is free again once the other
 * thread says so. The pool grows to the most buffers ever in use at once. A slot is the number of a buffer.
 */
export class BufferPool<Buffer> {
  /** by slot */
  readonly buffers: Buffer[] = [];
  readonly #free: number[] = [];
  readonly #newBuffer: (slot: number) => Buffer;

  /** `newBuffer` allocates the buffer of a slot and makes it known to the other thread. */
  constructor(newBuffer: (slot: number) => Buffer) {
    this.#newBuffer = newBuffer;
  }

  /** slots in use */
  get taken(): number {
    return this.buffers.length - this.#free.length;
  }

  /** Takes a free slot. */
  take(): number {
    const slot = this.#free.pop() ?? this.buffers.length;
    this.buffers[slot] ??= this.#newBuffer(slot);
    return slot;
  }

  release(slots: readonly number[]): void {
    this.#free.push(...slots);
  }
}
