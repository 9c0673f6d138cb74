import { newWork, REPLAYED_COLUMNS, type Work } from "../replay/work.ts";
import { TOUCH_COLUMNS } from "../replay/writes/touch.ts";
import { ACTION_COLUMNS } from "../trace/actions.ts";
import { copyColumns, EVENTS_PER_BATCH } from "../trace/columns.ts";
import { copyRare } from "./rare-columns.ts";

const { time, size } = REPLAYED_COLUMNS;
const { action, thread, block } = ACTION_COLUMNS;
const { whole } = TOUCH_COLUMNS;

const NONE = -1;

/** Takes what leaves. */
export interface LeavingEvents<Note> {
  event(slot: number): void;
  note(note: Note): void;
}

/**
 * Events that wait for their places in another order, and notes that wait among them: in a ring, a row for each event, and a list
 * for each place. A place is the number of an event of the log: what has it leaves the ring right after that event came in.
 */
export class WaitingEvents<Note> {
  /** the events' columns by slot */
  readonly work: Work;
  readonly #longest: number;
  readonly #mask: number;
  /** by slot of a place: the first and the last entry of its list; an entry is a slot, or `room` + index of a note */
  readonly #heads: Int32Array;
  readonly #tails: Int32Array;
  /** by entry: the next one of its list */
  readonly #next: Int32Array;
  readonly #noteNext: number[] = [];
  readonly #notes: (Note | null)[] = [];
  readonly #unusedNotes: number[] = [];
  /** by slot: place of its event, NaN once that has left */
  readonly #places: Float64Array;
  /** all events before this one have left */
  #oldest: number;
  /** number of the next event that comes in */
  #end: number;
  /** places up to this one have left */
  #left: number;

  /** `longest`: the most places by which an event may be behind its number. `first`: number of the first event. */
  constructor(longest: number, first: number) {
    const room = 2 ** Math.ceil(Math.log2(longest + EVENTS_PER_BATCH));
    this.work = newWork(ArrayBuffer, room);
    this.#longest = longest;
    this.#mask = room - 1;
    this.#heads = new Int32Array(room).fill(NONE);
    this.#tails = new Int32Array(room);
    this.#next = new Int32Array(room);
    this.#places = new Float64Array(room).fill(Number.NaN);
    this.#oldest = first;
    this.#end = first;
    this.#left = first - 1;
  }

  slotOf(event: number): number {
    return event & this.#mask;
  }

  /** Copies the rows of a batch whose first event has number `first`. They get their places one after the other. */
  copy({ batch, actions, touch }: Work, first: number): void {
    const { work } = this;
    const room = this.#mask + 1;
    this.#oldest = Math.max(this.#oldest, first - this.#longest);
    for (let row = 0; row < batch.length; ) {
      const slot = this.slotOf(first + row);
      const count = Math.min(batch.length - row, room - slot);
      copyColumns({ time, size }, work.batch, batch, count, row, slot);
      copyColumns({ action, thread, block }, work.actions, actions, count, row, slot);
      copyColumns({ whole }, work.touch, touch, count, row, slot);
      row += count;
    }
    for (let row = 0; row < batch.length; row++) {
      copyRare(work, this.slotOf(first + row), { batch, actions, touch }, row);
    }
  }

  /** The next event gets a place: `place`, or the earliest that has not left. Returns it. */
  addEvent(event: number, place: number): number {
    const given = Math.max(place, this.#left + 1);
    const slot = this.slotOf(event);
    this.#places[slot] = given;
    this.#next[slot] = NONE;
    this.#append(given, slot);
    this.#end = event + 1;
    return given;
  }

  addNote(note: Note, place: number): number {
    const given = Math.max(place, this.#left + 1);
    const index = this.#unusedNotes.pop() ?? this.#notes.length;
    this.#notes[index] = note;
    this.#noteNext[index] = NONE;
    this.#append(given, this.#mask + 1 + index);
    return given;
  }

  /** Returns the latest place of events whose time is before `time`, as far as they come before all others that wait. */
  placeBefore(time: number): number {
    const { time: times } = this.work.batch;
    let latest = this.#left;
    // Most calls find the time of an event that has already left, but is late enough.
    while (this.#oldest < this.#end && !(times[this.#oldest & this.#mask]! >= time)) {
      const place = this.#places[this.#oldest & this.#mask]!;
      if (place > this.#left) {
        if (!(times[this.#oldest & this.#mask]! < time)) {
          break;
        }
        latest = Math.max(latest, place);
      }
      this.#oldest++;
    }
    return latest;
  }

  /** Lets all leave that have places up to `place`, in their order: events by slot. */
  leave(place: number, to: LeavingEvents<Note>): void {
    const room = this.#mask + 1;
    while (this.#left < place) {
      this.#left++;
      const at = this.#left & this.#mask;
      let entry = this.#heads[at]!;
      this.#heads[at] = NONE;
      while (entry !== NONE) {
        if (entry < room) {
          to.event(entry);
          entry = this.#next[entry]!;
        } else {
          const index = entry - room;
          to.note(this.#notes[index]!);
          this.#notes[index] = null;
          this.#unusedNotes.push(index);
          entry = this.#noteNext[index]!;
        }
      }
    }
  }

  #append(place: number, entry: number): void {
    const at = place & this.#mask;
    const room = this.#mask + 1;
    if (this.#heads[at] === NONE) {
      this.#heads[at] = entry;
    } else {
      const tail = this.#tails[at]!;
      if (tail < room) {
        this.#next[tail] = entry;
      } else {
        this.#noteNext[tail - room] = entry;
      }
    }
    this.#tails[at] = entry;
  }
}
