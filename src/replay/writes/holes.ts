import { PAGE } from "../../ptmalloc/chunks.ts";
import { Action, type ActionBatch, LOST_FREE } from "../../trace/actions.ts";
import type { EventBatch, Note } from "../../trace/event.ts";
import type { Ledger } from "../../trace/ledger.ts";
import type { Insertion, Work } from "../work.ts";
import { below, type Ranges, without } from "./byte-ranges.ts";
import { type HoleNote, readHeader, readHole, tellsOfHoles } from "./hole-notes.ts";

/** A live block of whose bytes it is still open whether the program has written them. */
interface OpenBlock {
  readonly block: number;
  readonly pointer: number;
  readonly bytes: number;
  /** what is not known to be written */
  holes: Ranges;
  /** the log told of its holes since the last sample */
  told: boolean;
  /** number of the event before which it last did; -1: never */
  toldAt: number;
}

/**
 * What the log itself tells of the program's writes (`research/touch.md` §6), for blocks whose pages a hook has looked
 * at. `# holes min=N` says that blocks from N bytes on, if they span a page boundary, were written whole unless a
 * `# hole` line says otherwise; such a line comes before the block's free or realloc, at samples of RSS, and at the
 * end, and silence there means "all written". So the writes of such a block become known only then, and count from
 * then on: they are insertions between two calls, the same for every model. Between samples such a block counts only
 * as far as it is known.
 *
 * Without the header each block is written as the touch policy says, until a `# hole` line tells of it: what the
 * policy wrote too much is taken back there, and what it left out is written.
 *
 * Memory is bounded by the live blocks with bytes that are not known to be written.
 */
export class Holes {
  /** smallest request the header promises to tell of; infinite without one */
  #minBytes = Number.POSITIVE_INFINITY;
  #active = false;
  /** the open blocks by pointer, and the same by block id */
  readonly #byPointer = new Map<number, OpenBlock>();
  readonly #byBlock = new Map<number, OpenBlock>();
  /** by block id: 1 where the log tells, not the touch policy */
  #told = new Uint8Array(1024);
  /** number of events so far */
  #event = 0;
  #lines = 0;

  /** smallest request of which the log tells; null if it promises nothing */
  get minBytes(): number | null {
    return Number.isFinite(this.#minBytes) ? this.#minBytes : null;
  }

  /** `# hole` lines that were of a live block */
  get lines(): number {
    return this.#lines;
  }

  /** True if the log, not the touch policy, tells what of live block `block` was written. */
  tellsOf(block: number): boolean {
    return this.#told[block] === 1;
  }

  /** Looks through the comments of the next batch; false as long as the log has told of no holes at all. */
  concerns(notes: readonly Note[]): boolean {
    this.#active ||= notes.some(({ text }) => tellsOfHoles(text));
    return this.#active;
  }

  /**
   * What is to be done between the calls of the next batch: an RSS probe for each note in `samples`, and writes that
   * become known. Of blocks that the log tells of, the touch policy's own writes are struck from the work.
   */
  follow(work: Work, samples: ReadonlyMap<Note, number>, ledger: Ledger): Insertion[] {
    const { batch } = work;
    const insertions: Insertion[] = [];
    let done = 0;
    for (const note of batch.notes) {
      const isSample = samples.has(note);
      if (!isSample && !tellsOfHoles(note.text)) {
        continue;
      }
      this.#walk(work, done, note.at, insertions);
      done = note.at;
      const before = this.#event + note.at;
      if (isSample) {
        this.#settleAll(before, insertions);
        insertions.push({ what: "probe", before });
      } else {
        this.#read(note, work, ledger, insertions);
      }
    }
    this.#walk(work, done, batch.length, insertions);
    this.#event += batch.length;
    return insertions;
  }

  /** The end of the log: what becomes known there. */
  finish(): Insertion[] {
    const insertions: Insertion[] = [];
    // A sample may be the log's last line: its holes are then those of the end.
    for (const open of this.#byBlock.values()) {
      open.told ||= open.toldAt === this.#event;
    }
    this.#settleAll(this.#event, insertions);
    return insertions;
  }

  #read(note: Note, work: Work, ledger: Ledger, insertions: Insertion[]): void {
    const header = readHeader(note.text);
    if (header !== null) {
      this.#minBytes = header.minBytes;
    }
    const hole = readHole(note.text);
    if (hole === null) {
      return;
    }
    const known = this.#byPointer.get(hole.pointer);
    const open = known ?? this.#adopt(hole, note.at, work, ledger);
    if (open === null) {
      return;
    }
    this.#lines++;
    const before = this.#event + note.at;
    const holes = below(hole.ranges, open.bytes);
    if (known !== undefined) {
      this.#learn(open, holes, before, insertions);
    } else {
      const written = without([0, open.bytes], holes);
      insertions.push({ what: "writes", before, block: open.block, written, takenBack: holes });
      open.holes = holes;
    }
    open.told = true;
    open.toldAt = before;
  }

  /** Opens a block that was taken to be written as the touch policy says, or wholly after an earlier silence. */
  #adopt({ pointer }: HoleNote, at: number, work: Work, ledger: Ledger): OpenBlock | null {
    const found = findBlock(pointer, at, work, ledger);
    if (found === null) {
      return null;
    }
    return this.#open(found.block, pointer, found.bytes, []);
  }

  #walk({ batch, actions, touch }: Work, from: number, to: number, insertions: Insertion[]): void {
    if (!this.#active) {
      return;
    }
    for (let i = from; i < to; i++) {
      const action = actions.action[i]!;
      const block = actions.block[i]!;
      if (block < 0) {
        continue;
      }
      if (action >= LOST_FREE) {
        this.#close(actions.lost[i]!, this.#event + i, insertions);
      }
      const known = this.tellsOf(block);
      const holes = this.#close(block, this.#event + i, insertions);
      if (action === Action.free) {
        continue;
      }
      const isRealloc = (action & ~LOST_FREE) === Action.realloc;
      const kept = isRealloc && known ? Math.min(actions.oldSize[i]!, batch.size[i]!) : 0;
      this.#allocated(batch, i, block, below(holes, kept), kept);
      // A realloc that leaves the block too small for the log to tell of writes nothing of what was there before.
      if (this.tellsOf(block)) {
        touch.to[i] = 0;
        touch.full[i] = 0;
        touch.large[i] = 0;
      } else if (kept > 0) {
        touch.to[i] = Math.max(kept, touch.to[i]!);
        touch.full[i] = Math.max(kept, touch.full[i]!);
      } else {
        continue;
      }
      touch.whole[i] = 0;
      touch.from[i] = Math.min(kept, touch.to[i]!);
      touch.ratioFrom[i] = Math.min(kept, touch.full[i]!);
    }
  }

  /**
   * A block came to be, or was resized: from now on the log tells of it, if it promises to. Of its first `kept` bytes
   * all but `holes` are known to be written.
   */
  #allocated(batch: EventBatch, i: number, block: number, holes: Ranges, kept: number): void {
    const bytes = batch.size[i]!;
    const pointer = batch.pointerOut[i]!;
    const offset = pointer % PAGE;
    this.#mark(block, 0);
    if (bytes < this.#minBytes || offset + bytes <= PAGE) {
      return;
    }
    this.#open(block, pointer, bytes, kept < bytes ? [...holes, kept, bytes] : holes);
  }

  #open(block: number, pointer: number, bytes: number, holes: Ranges): OpenBlock {
    this.#mark(block, 1);
    const open = { block, pointer, bytes, holes, told: false, toldAt: -1 };
    this.#byPointer.set(pointer, open);
    this.#byBlock.set(block, open);
    return open;
  }

  /** The block's free or realloc: what the log has not just told to be a hole was written. Returns the holes. */
  #close(block: number, before: number, insertions: Insertion[]): Ranges {
    const open = this.#byBlock.get(block);
    if (open === undefined) {
      return [];
    }
    if (!open.told) {
      this.#learn(open, [], before, insertions);
    }
    this.#forget(open);
    return open.holes;
  }

  /** A sample, or the end: the log has told of all holes there are. */
  #settleAll(before: number, insertions: Insertion[]): void {
    for (const open of this.#byBlock.values()) {
      if (!open.told) {
        this.#learn(open, [], before, insertions);
      }
      open.told = false;
      if (open.holes.length === 0) {
        this.#forget(open);
      }
    }
  }

  /** The block's holes are now `holes`: the others were written, and what is new among them was not. */
  #learn(open: OpenBlock, holes: Ranges, before: number, insertions: Insertion[]): void {
    const written = without(open.holes, holes);
    const takenBack = without(holes, open.holes);
    open.holes = holes;
    if (written.length === 0 && takenBack.length === 0) {
      return;
    }
    insertions.push({ what: "writes", before, block: open.block, written, takenBack });
  }

  #forget(open: OpenBlock): void {
    this.#byBlock.delete(open.block);
    // Where a free is missing in the log, the pointer may be another block's by now.
    if (this.#byPointer.get(open.pointer) === open) {
      this.#byPointer.delete(open.pointer);
    }
  }

  #mark(block: number, told: 0 | 1): void {
    if (block >= this.#told.length) {
      if (told === 0) {
        return;
      }
      const grown = new Uint8Array(Math.max(block + 1, this.#told.length * 2));
      grown.set(this.#told);
      this.#told = grown;
    }
    this.#told[block] = told;
  }
}

/** The block at `pointer` before event `at` of a batch that the ledger has behind it already. */
function findBlock(
  pointer: number,
  at: number,
  { batch, actions }: Work,
  ledger: Ledger,
): { block: number; bytes: number } | null {
  for (let i = at; i < batch.length; i++) {
    if (batch.pointerIn[i] === pointer && actions.block[i]! >= 0) {
      return formerBlock(actions, i);
    }
    // Handed out again without a free: which block it was is no longer known.
    if (batch.pointerOut[i] === pointer) {
      return null;
    }
  }
  const block = ledger.blockAt(pointer);
  return block < 0 ? null : { block, bytes: ledger.blocks.bytesOf(block) };
}

/** The block that event `i` frees or resizes, as it was before. */
function formerBlock({ block, oldSize }: ActionBatch, i: number): { block: number; bytes: number } {
  return { block: block[i]!, bytes: oldSize[i]! };
}
