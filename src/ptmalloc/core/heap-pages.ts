import { allocate, enlarge, release } from "../../wasm/core/store";
import { Heap } from "./heap";
import { addResident, EVERY_PLANE } from "./resident";

/** Pages of a leaf, a power of two: 2 MiB where a page has 4096 bytes. */
const LEAF_SHIFT: i32 = 9;
const LEAF_PAGES: i32 = 1 << LEAF_SHIFT;
const PAGE_MASK: i32 = LEAF_PAGES - 1;

/** Pages of a write, as most are, that is made page by page. */
const SHORT_PAGES: i32 = 16;

/**
 * The planes of a heap's pages (resident.ts), a byte per page, in leaves of LEAF_PAGES pages. Of a leaf whose pages are all
 * alike, their planes are stored in place of its address: a heap costs memory and time by what is written in it, not by the
 * size that a log claims.
 */
@unmanaged
class Leaf {
  /** the address of its bytes; up to EVERY_PLANE: the planes of each of its pages */
  pages: usize;
  /** planes that each of its pages is known to be in */
  common: u32;
}

function leafAt(heap: Heap, leaf: i32): Leaf {
  return changetype<Leaf>(heap.leaves + ((<usize>leaf) << 3));
}

function isUniform(leaf: Leaf): bool {
  return leaf.pages <= <usize>EVERY_PLANE;
}

/** The planes of a page. */
export function planesOf(heap: Heap, page: i32): u32 {
  const leaf = page >> LEAF_SHIFT;
  if (leaf >= heap.leafCount) {
    return 0;
  }
  return planesIn(leafAt(heap, leaf), page & PAGE_MASK);
}

function planesIn(leaf: Leaf, page: i32): u32 {
  return isUniform(leaf) ? <u32>leaf.pages : <u32>load<u8>(leaf.pages + <usize>page);
}

/** Adds a page to `planes`. */
export function addPage(heap: Heap, page: i32, planes: u32): void {
  const before = planesOf(heap, page);
  if ((before & planes) === planes) {
    return;
  }
  extend(heap, page + 1);
  store<u8>(
    owned(leafAt(heap, page >> LEAF_SHIFT)) + <usize>(page & PAGE_MASK),
    <u8>(before | planes),
  );
  addResident(planes & ~before, 1);
}

/** Adds pages from..to-1 to `planes`. */
export function addPages(heap: Heap, from: i32, to: i32, planes: u32): void {
  if (to - from > SHORT_PAGES) {
    extend(heap, to);
    change(heap, from, to, planes, 0, 0);
    return;
  }
  for (let page = from; page < to; page++) {
    addPage(heap, page, planes);
  }
}

/** Takes pages from..to-1 out of all planes. */
export function dropAllPlanes(heap: Heap, from: i32, to: i32): void {
  removePages(heap, from, to, EVERY_PLANE, 0);
  if (to >= heap.pageEnd) {
    heap.pageEnd = min(heap.pageEnd, from);
  }
}

/** Takes pages from..to-1 out of `planes`, except those in a plane of `unless`. */
export function removePages(heap: Heap, from: i32, to: i32, planes: u32, unless: u32): void {
  change(heap, from, min(to, heap.pageEnd), 0, planes, unless);
}

/** True if one of the pages from..to-1 is not in all of `planes`. */
export function lacks(heap: Heap, from: i32, to: i32, planes: u32): bool {
  if (to > heap.pageEnd) {
    return true;
  }
  let page = from;
  while (page < to) {
    const leaf = leafAt(heap, page >> LEAF_SHIFT);
    const end = min(to, endOf(page >> LEAF_SHIFT));
    if ((leaf.common & planes) !== planes) {
      for (; page < end; page++) {
        if ((planesIn(leaf, page & PAGE_MASK) & planes) !== planes) {
          return true;
        }
      }
    }
    page = end;
  }
  return false;
}

/** The end of the run of pages from `from` on, below `to`, that are in the same planes; `to` is at most `pageEnd`. */
export function runEnd(heap: Heap, from: i32, to: i32): i32 {
  const planes = planesOf(heap, from);
  let page = from;
  while (page < to) {
    const leaf = leafAt(heap, page >> LEAF_SHIFT);
    const end = min(to, endOf(page >> LEAF_SHIFT));
    if (leaf.pages !== <usize>planes) {
      for (; page < end; page++) {
        if (planesIn(leaf, page & PAGE_MASK) !== planes) {
          return page;
        }
      }
    }
    page = end;
  }
  return to;
}

/** Pages up to `to` may be in a plane. */
function extend(heap: Heap, to: i32): void {
  while (heap.leafCount << LEAF_SHIFT < to) {
    if (heap.leafCount === heap.leafRoom) {
      heap.leafRoom = max(heap.leafRoom << 1, 2);
      heap.leaves = enlarge(heap.leaves, (<usize>heap.leafRoom) << 2);
    }
    // A new leaf is zero: no page is in a plane.
    heap.leafCount++;
  }
  heap.pageEnd = max(heap.pageEnd, to);
}

/** All pages of the leaf are in `planes` and no others. */
function replace(leaf: Leaf, planes: u32): void {
  if (!isUniform(leaf)) {
    release(leaf.pages, LEAF_PAGES);
  }
  leaf.pages = <usize>planes;
  leaf.common = planes;
}

/** The bytes of the leaf, to be changed. */
function owned(leaf: Leaf): usize {
  if (isUniform(leaf)) {
    const planes = leaf.pages;
    leaf.pages = allocate(LEAF_PAGES);
    memory.fill(leaf.pages, <u8>planes, LEAF_PAGES);
  }
  return leaf.pages;
}

/**
 * Adds pages from..to-1, which have leaves, to the planes `added`, and takes them out of the planes `removed`, except
 * those in a plane of `unless`.
 */
function change(heap: Heap, from: i32, to: i32, added: u32, removed: u32, unless: u32): void {
  let page = from;
  while (page < to) {
    const number = page >> LEAF_SHIFT;
    const leaf = leafAt(heap, number);
    const end = min(to, endOf(number));
    if (removed === 0 && (leaf.common & added) === added) {
      // Nothing changes.
    } else if (end - page === LEAF_PAGES && isUniform(leaf)) {
      const after = changed(<u32>leaf.pages, added, removed, unless);
      count(<u32>leaf.pages, after, LEAF_PAGES);
      replace(leaf, after);
    } else {
      changeWithin(leaf, page & PAGE_MASK, page - (page & PAGE_MASK), end, added, removed, unless);
    }
    page = end;
  }
}

/** Changes pages from..to - start - 1 of a leaf, whose first page is `start`. */
function changeWithin(
  leaf: Leaf,
  from: i32,
  start: i32,
  to: i32,
  added: u32,
  removed: u32,
  unless: u32,
): void {
  const end = to - start;
  const isWhole = end - from === LEAF_PAGES;
  const first = changed(planesIn(leaf, from), added, removed, unless);
  let isAlike = isWhole;
  let at = from;
  while (at < end) {
    const planes = planesIn(leaf, at);
    let next = at + 1;
    while (next < end && planesIn(leaf, next) === planes) {
      next++;
    }
    const after = changed(planes, added, removed, unless);
    isAlike = isAlike && after === first;
    if (after !== planes) {
      count(planes, after, next - at);
      memory.fill(owned(leaf) + <usize>at, <u8>after, <usize>(next - at));
    }
    at = next;
  }
  if (isAlike) {
    replace(leaf, first);
  } else {
    leaf.common = (leaf.common & ~removed) | (isWhole ? added : 0);
  }
}

function changed(planes: u32, added: u32, removed: u32, unless: u32): u32 {
  return ((planes & unless) !== 0 ? planes : planes & ~removed) | added;
}

function count(before: u32, after: u32, pages: i32): void {
  if (before === after) {
    return;
  }
  addResident(after & ~before, pages);
  addResident(before & ~after, -pages);
}

/** The first page after those of a leaf. */
function endOf(leaf: i32): i32 {
  return (leaf + 1) << LEAF_SHIFT;
}
