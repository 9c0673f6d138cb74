import { bytesIn, rec } from "./chunks";
import { Heap, heapOf } from "./heap";
import { addPage, addPages, dropAllPlanes, lacks, planesOf, removePages } from "./heap-pages";
import { m, RESIDENT_PAGES, RETURNED_PAGES } from "./model";

/**
 * Resident pages (ptmalloc2.md §9). A page is resident from its first write until the kernel takes it back.
 *
 * The allocator's writes are known exactly; the program's writes to its blocks are not in a log. So each page has eight
 * planes, one bit each: resident under the touch policy, if the program wrote nothing, if it wrote every byte, and if
 * it wrote the same ratio of every large block, for five ratios. One replay thus gives the prediction, its range, and
 * the values to compare a measured RSS with. A byte per page is 0.02 % of the modelled memory.
 *
 * Of §9.2's list only first writes matter, and most words lie in pages that earlier writes made resident: a chunk's
 * header is written when the chunk is created and stays resident while it exists (trimming spares it), a free chunk's
 * foot shares a granule with the next chunk's header, and link words of list neighbours are resident. Only these can
 * make a page resident: a new header, the link words of a chunk put on a list, bytes that calloc clears or realloc
 * copies, tcache structs, malloc_state, heap_info, and MALLOC_PERTURB_. invariants.ts checks headers.
 */
export const PLANE_POLICY: u32 = 1;
export const PLANE_NONE: u32 = 2;
export const PLANE_ALL: u32 = 4;
/** The ratios of large blocks that have a plane: 0, ¼, ½, ¾ and 1. Smaller blocks are written whole in all of them. */
export const RATIO_COUNT: i32 = 5;
const FIRST_RATIO_BIT: i32 = 3;
export const PLANES: i32 = 8;
/** the planes of the allocator's own writes */
export const EVERY_PLANE: u32 = 255;
export const RATIO_PLANES: u32 = 0xf8;
/** the planes to which writes in the log apply; PLANE_NONE and PLANE_ALL stay bounds */
export const LOGGED_PLANES: u32 = PLANE_POLICY | RATIO_PLANES;

/** The plane of ratio `i` of RATIO_COUNT. */
export function ratioPlane(i: i32): u32 {
  return 1 << (FIRST_RATIO_BIT + i);
}

/** Resident memory in the plane with this bit number, in SMALLEST_PAGEs. */
export function residentIn(bit: i32): f64 {
  return load<f64>(RESIDENT_PAGES + ((<usize>bit) << 3));
}

/** Counts as returned the pages that are resident now, and no longer are at the call of `endReturn`. */
export function beginReturn(): void {
  for (let at: usize = 0; at < 64; at += 8) {
    const returned = load<f64>(RETURNED_PAGES + at);
    store<f64>(RETURNED_PAGES + at, returned + load<f64>(RESIDENT_PAGES + at));
  }
}

export function endReturn(): void {
  for (let at: usize = 0; at < 64; at += 8) {
    const returned = load<f64>(RETURNED_PAGES + at);
    store<f64>(RETURNED_PAGES + at, returned - load<f64>(RESIDENT_PAGES + at));
  }
}

/** Adds `pages`, which may be negative, to the plane with this bit number. */
export function addResidentIn(bit: i32, pages: f64): void {
  m.residentChanged = true;
  const at = RESIDENT_PAGES + ((<usize>bit) << 3);
  store<f64>(at, load<f64>(at) + pages * m.pageUnits);
}

/** Adds `pages`, which may be negative, to each of `planes`. */
export function addResident(planes: u32, pages: i32): void {
  m.residentChanged = true;
  const units = <f64>pages * m.pageUnits;
  for (let bits = planes; bits !== 0; bits &= bits - 1) {
    const at = RESIDENT_PAGES + ((<usize>ctz(bits)) << 3);
    store<f64>(at, load<f64>(at) + units);
  }
}

/** The first page of the huge page that holds `page`; negative where that one begins below the heap. */
export function firstOfHugePage(heap: Heap, page: i32): i32 {
  return page - (((heap.start >> m.pageShift) + page) % m.hugePagePages);
}

/** The first write to pages from..to-1 of one huge page. */
function addHugePage(heap: Heap, from: i32, to: i32, planes: u32): void {
  // It makes all of a huge page resident that lies within the mapping (§9.1): an upper bound, since the kernel may have no
  // huge page available. Memory is readable and writable up to the break, or up to the past maximum of a heap.
  const first = firstOfHugePage(heap, from);
  const next = first + m.hugePagePages;
  const isWithin = first >= 0 && <f64>next * m.pageBytes <= Math.max(heap.size, heap.mprotectSize);
  addPages(heap, isWithin ? first : from, isWithin ? next : to, planes);
}

/** The allocator writes a word in granule `addr`. */
export function writeWord(heap: Heap, addr: i32): void {
  const page = addr >> m.pageShift;
  if (planesOf(heap, page) !== EVERY_PLANE) {
    writeFirstWord(heap, page);
  }
}

function writeFirstWord(heap: Heap, page: i32): void {
  if (m.hugePages) {
    addHugePage(heap, page, page + 1, EVERY_PLANE);
  } else {
    addPage(heap, page, EVERY_PLANE);
  }
}

/** Writes the header of chunk `c`. */
export function writeHeader(c: i32): void {
  writeWord(heapOf(c), rec(c).addr);
}

/** Writes the first words of the block of chunk `c`: fd and bk, or next and key of the tcache. */
export function writeFirst(c: i32): void {
  writeWord(heapOf(c), rec(c).addr + 1);
}

/** Writes bytes from..to-1 of the heap, as the allocator (EVERY_PLANE) or the program. */
export function writeRange(heap: Heap, from: f64, to: f64, planes: u32): void {
  if (to <= from) {
    return;
  }
  // 4 for the bytes of a granule.
  const shift = <i64>m.pageShift + 4;
  const first = <i32>(<i64>from >> shift);
  const end = <i32>(<i64>(to - 1) >> shift) + 1;
  if (m.hugePages) {
    writeHugePages(heap, first, end, planes);
  } else if (end === first + 1) {
    addPage(heap, first, planes);
  } else {
    addPages(heap, first, end, planes);
  }
}

/** A write to pages from..to-1, of which the first and the last huge page may reach beyond. */
function writeHugePages(heap: Heap, from: i32, to: i32, planes: u32): void {
  const afterFirst = min(to, firstOfHugePage(heap, from) + m.hugePagePages);
  const last = max(afterFirst, firstOfHugePage(heap, to - 1));
  addPages(heap, afterFirst, last, planes);
  if (from < afterFirst && lacks(heap, from, afterFirst, planes)) {
    addHugePage(heap, from, afterFirst, planes);
  }
  if (last < to && lacks(heap, last, to, planes)) {
    addHugePage(heap, last, to, planes);
  }
}

/** Makes pages from..to-1 of the heap absent: the break fell, the heap shrank, or madvise(MADV_DONTNEED). */
export function dropPages(heap: Heap, from: i32, to: i32): void {
  beginReturn();
  dropAllPlanes(heap, from, to);
  endReturn();
}

/** Writes bytes from..to-1 of the block of chunk `c`, which begins 16 bytes above the chunk. */
export function writeBlock(c: i32, from: f64, to: f64, planes: u32): void {
  const start = bytesIn(rec(c).addr + 1);
  writeRange(heapOf(c), start + from, start + to, planes);
}

/**
 * Bytes from..to-1 of the block of chunk `c` are not resident, contrary to earlier writes in LOGGED_PLANES. Pages that
 * the allocator wrote, for this chunk or an earlier one, stay.
 */
export function markBlockAbsent(c: i32, from: f64, to: f64): void {
  const start = bytesIn(rec(c).addr + 1);
  const first = <i32>Math.ceil((start + from) / m.pageBytes);
  const end = <i32>Math.floor((start + to) / m.pageBytes);
  removePages(heapOf(c), first, end, LOGGED_PLANES, PLANE_NONE);
}
