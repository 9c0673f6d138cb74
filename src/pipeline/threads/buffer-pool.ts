/**
 * Rooms for batches that go to another thread: one is taken, filled and sent, and taken anew once the other thread has
 * said that it is done with it. There are as many as were ever on their way at once.
 */
export class Slots<Room> {
  /** by number of their slot */
  readonly rooms: Room[] = [];
  readonly #free: number[] = [];
  readonly #newRoom: (slot: number) => Room;

  /** `newRoom` makes that of a slot, and shows it to the other thread */
  constructor(newRoom: (slot: number) => Room) {
    this.#newRoom = newRoom;
  }

  /** slots that are on their way */
  get taken(): number {
    return this.rooms.length - this.#free.length;
  }

  /** A free slot, which is one no more. */
  take(): number {
    const slot = this.#free.pop() ?? this.rooms.length;
    this.rooms[slot] ??= this.#newRoom(slot);
    return slot;
  }

  /** These are free again. */
  release(slots: readonly number[]): void {
    this.#free.push(...slots);
  }
}
