import { SMALLEST_PAGE } from "../../ptmalloc/chunks.ts";
import { Action, type ActionBatch, LOST_FREE, withoutLostFree } from "../../trace/actions.ts";
import type { Note } from "../../trace/event.ts";
import type { Ledger } from "../../trace/ledger/ledger.ts";
import type { Insertion } from "../insertions.ts";
import type { ReplayedBatch, Work } from "../work.ts";
import { below, type Ranges, without } from "./byte-ranges.ts";
import { type HoleNote, isHoleNote, readHeader, readHole } from "./hole-notes.ts";

/** A live block with bytes that may not be written yet. */
interface OpenBlock {
  readonly block: number;
  readonly pointer: number;
  readonly bytes: number;
  /** bytes not known to be written */
  holes: Ranges;
  /** the log has stated its holes since the last sample */
  stated: boolean;
  /** number of the event before which the log last did so; −1: never */
  statedAt: number;
  /** end of the latest hole that goes on behind the block, in bytes from the pointer; 0: none */
  end: number;
}

/**
 * The program's writes as the log states them (touch.md §6), for blocks whose pages the hook has inspected.
 * `# holes min=N` states that blocks of N bytes or more that span a page boundary are written whole unless a `# hole` line
 * says otherwise. Such a line comes before the block's free or realloc, at RSS samples, and at the end; without one the
 * block is written whole. So the writes become known only there and count from there on: they are insertions between two
 * calls, equal for every model. Between samples such a block counts only as far as it is known.
 *
 * Without the header the touch policy decides what is written, until a `# hole` line names the block: excess writes of
 * the policy are then marked absent, and missing ones are written.
 *
 * Memory is bounded by the live blocks with bytes not known to be written.
 */
export class Holes {
  /** smallest request that the header covers; Infinity without a header */
  #minBytes = Number.POSITIVE_INFINITY;
  #active = false;
  /** the open blocks by pointer, and the same by block id */
  readonly #byPointer = new Map<number, OpenBlock>();
  readonly #byBlock = new Map<number, OpenBlock>();
  /** by block id: 1 where the log, not the touch policy, states the writes */
  #logged = new Uint8Array(1024);
  /** number of events so far */
  #event = 0;
  #lines = 0;

  /** smallest request that the log covers; null without a header */
  get minBytes(): number | null {
    return Number.isFinite(this.#minBytes) ? this.#minBytes : null;
  }

  /** `# hole` lines of live blocks */
  get lines(): number {
    return this.#lines;
  }

  /** True if the log states what is written of some blocks. */
  get statesWrites(): boolean {
    return this.minBytes !== null || this.#lines > 0;
  }

  /** True if the log, not the touch policy, states what of live block `block` is written. */
  isLogged(block: number): boolean {
    return this.#logged[block] === 1;
  }

  /** Scans the comments of the next batch. Returns false as long as the log has no hole lines. */
  concerns(notes: readonly Note[]): boolean {
    this.#active ||= notes.some(({ text }) => isHoleNote(text));
    return this.#active;
  }

  /**
   * Returns the insertions between the calls of the next batch: an RSS probe for each of its `notes` that is in
   * `samples`, and the writes that become known. Removes the touch policy's writes to logged blocks from the work.
   */
  follow(
    work: Work,
    notes: readonly Note[],
    samples: ReadonlyMap<Note, number>,
    ledger: Ledger,
  ): Insertion[] {
    const insertions: Insertion[] = [];
    let done = 0;
    for (const note of notes) {
      const isSample = samples.has(note);
      if (!isSample && !isHoleNote(note.text)) {
        continue;
      }
      this.#walk(work, done, note.at, insertions);
      done = note.at;
      const before = this.#event + note.at;
      if (isSample) {
        this.#settleAll(before, insertions);
        insertions.push({ kind: "probe", before });
      } else {
        this.#read(note, work, ledger, insertions);
      }
    }
    this.#walk(work, done, work.batch.length, insertions);
    this.#event += work.batch.length;
    return insertions;
  }

  /** The log ends: returns the writes that become known there. */
  finish(): Insertion[] {
    const insertions: Insertion[] = [];
    // A sample may be the log's last line: its holes then hold for the end.
    for (const open of this.#byBlock.values()) {
      open.stated ||= open.statedAt === this.#event;
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
    showEnd(open, hole.ranges.at(-1) ?? 0, before, insertions);
    const holes = below(hole.ranges, open.bytes);
    if (known !== undefined) {
      this.#learn(open, holes, before, insertions);
    } else {
      const written = without([0, open.bytes], holes);
      insertions.push({ kind: "writes", before, block: open.block, written, unwritten: holes });
      open.holes = holes;
    }
    open.stated = true;
    open.statedAt = before;
  }

  /** Opens a block that the touch policy has written, or that counts as written whole because no hole line came before. */
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
      const known = this.isLogged(block);
      const holes = this.#close(block, this.#event + i, insertions);
      if (action === Action.free) {
        continue;
      }
      const isRealloc = withoutLostFree(action) === Action.realloc;
      const kept = isRealloc && known ? Math.min(actions.oldSize[i]!, batch.size[i]!) : 0;
      this.#allocated(batch, i, block, below(holes, kept), kept);
      // A realloc below the header's size writes nothing to the bytes that it keeps.
      if (this.isLogged(block)) {
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
   * A block is allocated or resized: from now on the log states its writes if the header covers it. Of its first `kept`
   * bytes all but `holes` are known to be written.
   */
  #allocated(batch: ReplayedBatch, i: number, block: number, holes: Ranges, kept: number): void {
    const bytes = batch.size[i]!;
    const pointer = batch.pointerOut[i]!;
    const offset = pointer % SMALLEST_PAGE;
    this.#mark(block, 0);
    if (bytes < this.#minBytes || offset + bytes <= SMALLEST_PAGE) {
      return;
    }
    this.#open(block, pointer, bytes, kept < bytes ? [...holes, kept, bytes] : holes);
  }

  #open(block: number, pointer: number, bytes: number, holes: Ranges): OpenBlock {
    this.#mark(block, 1);
    const open = { block, pointer, bytes, holes, stated: false, statedAt: -1, end: 0 };
    this.#byPointer.set(pointer, open);
    this.#byBlock.set(block, open);
    return open;
  }

  /** The block is freed or resized: bytes outside the holes just stated are written. Returns the holes. */
  #close(block: number, before: number, insertions: Insertion[]): Ranges {
    const open = this.#byBlock.get(block);
    if (open === undefined) {
      return [];
    }
    if (!open.stated) {
      this.#learn(open, [], before, insertions);
    }
    this.#forget(open);
    return open.holes;
  }

  /** A sample or the log's end: the log has stated all holes that exist. */
  #settleAll(before: number, insertions: Insertion[]): void {
    for (const open of this.#byBlock.values()) {
      if (!open.stated) {
        this.#learn(open, [], before, insertions);
      }
      open.stated = false;
      if (open.holes.length === 0) {
        this.#forget(open);
      }
    }
  }

  /** The block's holes are now `holes`: former holes are written, and new ones are not. */
  #learn(open: OpenBlock, holes: Ranges, before: number, insertions: Insertion[]): void {
    const written = without(open.holes, holes);
    const unwritten = without(holes, open.holes);
    open.holes = holes;
    if (written.length === 0 && unwritten.length === 0) {
      return;
    }
    insertions.push({ kind: "writes", before, block: open.block, written, unwritten });
  }

  #forget(open: OpenBlock): void {
    this.#byBlock.delete(open.block);
    // If a free is missing in the log, the pointer may belong to another block by now.
    if (this.#byPointer.get(open.pointer) === open) {
      this.#byPointer.delete(open.pointer);
    }
  }

  #mark(block: number, logged: 0 | 1): void {
    if (block >= this.#logged.length) {
      if (logged === 0) {
        return;
      }
      const grown = new Uint8Array(Math.max(block + 1, this.#logged.length * 2));
      grown.set(this.#logged);
      this.#logged = grown;
    }
    this.#logged[block] = logged;
  }
}

/**
 * The block's last hole ends `end` bytes above its pointer. No one writes behind a block, so a hole that goes on there
 * ends where the mapping does. Only an alignment above a page leaves the mapping's start, and with it its end, open.
 */
function showEnd(open: OpenBlock, end: number, before: number, insertions: Insertion[]): void {
  const { block, pointer, bytes } = open;
  if (pointer % SMALLEST_PAGE !== 0 || end <= bytes || end === open.end) {
    return;
  }
  open.end = end;
  insertions.push({ kind: "mappingEnd", before, block, pointer, bytes: end });
}

/** Returns the block at `pointer` before event `at` of a batch that the ledger has already resolved. */
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
    // Returned again without a free: the former block is no longer known.
    if (batch.pointerOut[i] === pointer) {
      return null;
    }
  }
  const block = ledger.blockAt(pointer);
  return block < 0 ? null : { block, bytes: ledger.blocks.bytesOf(block) };
}

/** Returns the block that event `i` frees or resizes, as it was before. */
function formerBlock({ block, oldSize }: ActionBatch, i: number): { block: number; bytes: number } {
  return { block: block[i]!, bytes: oldSize[i]! };
}
