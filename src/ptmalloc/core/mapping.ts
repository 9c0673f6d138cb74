import { allocate, enlarge, release } from "../../wasm/core/store";
import { bytesIn, GRANULE, rec } from "./chunks";
import { m, profile } from "./model";
import {
  changeRuns,
  countInRuns,
  createRuns,
  PageRuns,
  releaseRuns,
  resizeRuns,
} from "./page-runs";
import {
  addResidentIn,
  beginReturn,
  EVERY_PLANE,
  endReturn,
  LOGGED_PLANES,
  PLANE_NONE,
  PLANES,
} from "./resident";

/**
 * The mapping of a mapped chunk (IS_MMAPPED, ptmalloc2.md §3.8). Resident are its first page, which held the header at
 * first, the page of the header after memalign moved it up, and in each plane a prefix of the block. Planes are stored
 * by runs of pages only once a log shows that the program left out pages.
 */
@unmanaged
export class Mapping {
  /** whole pages, in bytes */
  totalBytes: f64;
  /** pages that a first write makes resident: 1, or those of a transparent huge page */
  faultPages: f64;
  /** granules from the start of the mapping to the chunk */
  offset: i32;
  /** the planes of all pages; null while the ends of the prefixes describe them */
  scattered: PageRuns | null;
  // An array without a name: bytes from the start of the mapping to the end of the written prefix, by bit number of the plane.
}

const ENDS: usize = 24;
const MAPPING_BYTES: usize = ENDS + 64;

function prefixOf(mapping: Mapping, bit: i32): f64 {
  return load<f64>(changetype<usize>(mapping) + ((<usize>bit) << 3), ENDS);
}

function setPrefix(mapping: Mapping, bit: i32, end: f64): void {
  store<f64>(changetype<usize>(mapping) + ((<usize>bit) << 3), end, ENDS);
}

/** Mapping number `id`. */
function mappingAt(id: i32): Mapping {
  return changetype<Mapping>(load<usize>(m.mappings + ((<usize>id) << 2)));
}

/** The mapping of mapped chunk `c`. */
export function mappingOf(c: i32): Mapping {
  return mappingAt(rec(c).heap);
}

/** Maps `totalBytes`, whole pages. Returns the mapping's id. */
export function addMapping(totalBytes: f64): i32 {
  const mapping = changetype<Mapping>(allocate(MAPPING_BYTES));
  mapping.totalBytes = totalBytes;
  mapping.faultPages = m.hugePages ? <f64>m.hugePagePages : 1;
  const id = unusedId();
  store<usize>(m.mappings + ((<usize>id) << 2), changetype<usize>(mapping));
  m.mmapCalls++;
  m.mappedBlocks++;
  m.mappedBytes += totalBytes;
  m.systemBytes += totalBytes;
  countMapping(mapping, 1);
  return id;
}

/** The id that was freed last, or the next one. An odd entry of the table is that of a free id: twice the next one + 1. */
function unusedId(): i32 {
  const free = m.freeMapping;
  if (free !== 0) {
    m.freeMapping = <i32>(load<usize>(m.mappings + ((<usize>(free - 1)) << 2)) >> 1);
    return free - 1;
  }
  if (m.mappingCount === m.mappingRoom) {
    m.mappingRoom = max(m.mappingRoom << 1, 8);
    m.mappings = enlarge(m.mappings, (<usize>m.mappingRoom) << 1);
  }
  return m.mappingCount++;
}

/** Unmaps the mapping of mapped chunk `c`. */
export function removeMapping(c: i32): void {
  const id = rec(c).heap;
  const mapping = mappingAt(id);
  beginReturn();
  countMapping(mapping, -1);
  endReturn();
  m.munmapCalls++;
  m.mappedBlocks--;
  m.mappedBytes -= mapping.totalBytes;
  m.systemBytes -= mapping.totalBytes;
  m.mappedLeadBytes -= bytesIn(mapping.offset);
  const runs = mapping.scattered;
  if (runs !== null) {
    releaseRuns(runs);
  }
  release(changetype<usize>(mapping), MAPPING_BYTES);
  store<usize>(m.mappings + ((<usize>id) << 2), ((<usize>m.freeMapping) << 1) | 1);
  m.freeMapping = id + 1;
}

/**
 * Resizes the mapping of mapped chunk `c` (mremap): pages move with the block, those of a cut tail are dropped, growth adds
 * none (§9.1).
 */
export function resizeMapping(c: i32, totalBytes: f64): void {
  const mapping = mappingOf(c);
  // mremap_chunk takes chunksize + lead for the old total size, which since 2.43 is 16 bytes too small.
  const leadBytes = bytesIn(mapping.offset);
  m.miscountedMappedBytes += mapping.totalBytes - leadBytes - mappedChunkBytes(mapping);
  m.mappedBytes += totalBytes - mapping.totalBytes;
  m.systemBytes += totalBytes - mapping.totalBytes;
  m.mremapCalls++;
  beginReturn();
  countMapping(mapping, -1);
  mapping.totalBytes = totalBytes;
  for (let bit = 0; bit < PLANES; bit++) {
    setPrefix(mapping, bit, Math.min(prefixOf(mapping, bit), totalBytes));
  }
  const runs = mapping.scattered;
  if (runs !== null) {
    resizeRuns(runs, totalBytes / m.pageBytes);
  }
  countMapping(mapping, 1);
  endReturn();
}

/**
 * memalign moves a mapped chunk up by `granules` within its mapping, and writes its header; if negative, the chunk turns
 * out to lie lower, with what has been written of its block. Nothing changes if the written pages are already stored one by
 * one.
 */
export function advanceMapped(c: i32, granules: i32): void {
  const mapping = mappingOf(c);
  if (mapping.scattered !== null) {
    return;
  }
  countMapping(mapping, -1);
  mapping.offset += granules;
  for (let bit = 0; bit < PLANES; bit++) {
    const end = prefixOf(mapping, bit);
    if (end > 0) {
      setPrefix(mapping, bit, end + bytesIn(granules));
    }
  }
  countMapping(mapping, 1);
  rec(c).addr += granules;
  m.mappedLeadBytes += bytesIn(granules);
}

/** Bytes of all chunks held by the program. */
export function inUseBytes(): f64 {
  return m.inUseGranules * GRANULE + (m.mappedBytes - m.mappedLeadBytes - m.mappedStructBytes);
}

/** chunksize of a mapping's chunk, in bytes (§4.6) */
export function mappedChunkBytes(mapping: Mapping): f64 {
  const bytes = mapping.totalBytes - bytesIn(mapping.offset);
  return profile.mmapTailBytes === 16 ? bytes - 16 : bytes;
}

/** Resident pages in the plane with this bit number. */
export function pagesOfMapping(mapping: Mapping, bit: i32): f64 {
  const runs = mapping.scattered;
  return runs !== null ? countInRuns(runs, bit) : pagesUpTo(mapping, prefixOf(mapping, bit));
}

/** Marks bytes from..to-1 of the block written. */
export function writeMapping(mapping: Mapping, from: f64, to: f64, planes: u32): void {
  if (to <= from) {
    return;
  }
  const start = blockStart(mapping);
  if (mapping.scattered === null && lengthensPrefix(mapping, start + from, planes)) {
    lengthenPrefix(mapping, start + to, planes);
    return;
  }
  countMapping(mapping, -1);
  const ranges = allocate(16);
  putPagesOf(mapping, start + from, start + to, ranges);
  changeRuns(scatter(mapping), ranges, 1, planes, 0, 0);
  release(ranges, 16);
  countMapping(mapping, 1);
}

/**
 * The log states bytes of the block: `written`, and `absent`, which are not resident, contrary to earlier writes in
 * LOGGED_PLANES; pages that the allocator wrote stay. Both are addresses of so many ranges from, to, from, to …, doubles,
 * ascending; they are overwritten.
 */
export function learnMapping(
  mapping: Mapping,
  written: usize,
  writtenCount: i32,
  absent: usize,
  absentCount: i32,
): void {
  const start = blockStart(mapping);
  let at = 0;
  while (
    at < writtenCount &&
    mapping.scattered === null &&
    lengthensPrefix(mapping, start + load<f64>(written + ((<usize>at) << 4)), LOGGED_PLANES)
  ) {
    lengthenPrefix(mapping, start + load<f64>(written + ((<usize>at) << 4), 8), LOGGED_PLANES);
    at++;
  }
  if (at === writtenCount && absentCount === 0) {
    return;
  }
  for (let i = at; i < writtenCount; i++) {
    const range = written + ((<usize>i) << 4);
    putPagesOf(mapping, start + load<f64>(range), start + load<f64>(range, 8), range);
  }
  for (let i = 0; i < absentCount; i++) {
    const range = absent + ((<usize>i) << 4);
    putWholePagesOf(mapping, start + load<f64>(range), start + load<f64>(range, 8), range);
  }
  countMapping(mapping, -1);
  const runs = scatter(mapping);
  changeRuns(runs, written + ((<usize>at) << 4), writtenCount - at, LOGGED_PLANES, 0, 0);
  changeRuns(runs, absent, absentCount, 0, LOGGED_PLANES, PLANE_NONE);
  countMapping(mapping, 1);
}

/** Adds this mapping's pages to the counts, or subtracts them (sign −1) before a change or munmap. */
function countMapping(mapping: Mapping, sign: f64): void {
  const runs = mapping.scattered;
  // Most planes have the same prefix as the previous one.
  let end: f64 = -1;
  let pages: f64 = 0;
  for (let bit = 0; bit < PLANES; bit++) {
    if (runs !== null) {
      pages = countInRuns(runs, bit);
    } else if (prefixOf(mapping, bit) !== end) {
      end = prefixOf(mapping, bit);
      pages = pagesUpTo(mapping, end);
    }
    addResidentIn(bit, sign * pages);
  }
}

/** Resident pages if the prefix up to byte `end` of the mapping is written. */
function pagesUpTo(mapping: Mapping, end: f64): f64 {
  const separate: f64 = headerPage(mapping) > 0 ? 2 : 1;
  return separate + Math.max(0, prefixEnd(mapping, end) - prefixStart(mapping));
}

/** the page that holds the chunk's header */
function headerPage(mapping: Mapping): f64 {
  return Math.floor(bytesIn(mapping.offset) / m.pageBytes);
}

/** the block's first page after that of the header */
function prefixStart(mapping: Mapping): f64 {
  return Math.max(Math.floor(blockStart(mapping) / m.pageBytes), headerPage(mapping) + 1);
}

/** The page after the last resident one if the prefix up to byte `end` is written. */
function prefixEnd(mapping: Mapping, end: f64): f64 {
  const written = Math.ceil(Math.min(end, mapping.totalBytes) / m.pageBytes);
  return Math.max(written, hugeEnd(mapping, Math.max(written, 1)));
}

/** The end of the last huge page within the mapping that contains some of its first `pages` pages. */
function hugeEnd(mapping: Mapping, pages: f64): f64 {
  const end = Math.ceil(pages / mapping.faultPages) * mapping.faultPages;
  return end * m.pageBytes <= mapping.totalBytes ? end : Math.max(end - mapping.faultPages, 0);
}

/** bytes from the start of the mapping to the block */
function blockStart(mapping: Mapping): f64 {
  return <f64>(mapping.offset + 1) * GRANULE;
}

/** True if a write from byte `from` of the mapping leaves out no page after the prefix in any of `planes`. */
function lengthensPrefix(mapping: Mapping, from: f64, planes: u32): bool {
  for (let bit = 0; bit < PLANES; bit++) {
    const end = Math.max(prefixOf(mapping, bit), blockStart(mapping));
    if ((planes & (1 << bit)) !== 0 && from > Math.ceil(end / m.pageBytes) * m.pageBytes) {
      return false;
    }
  }
  return true;
}

function lengthenPrefix(mapping: Mapping, end: f64, planes: u32): void {
  const pages = pagesUpTo(mapping, end);
  let before: f64 = -1;
  let added: f64 = 0;
  for (let bit = 0; bit < PLANES; bit++) {
    const prefix = prefixOf(mapping, bit);
    if ((planes & (1 << bit)) === 0 || prefix >= end) {
      continue;
    }
    if (prefix !== before) {
      before = prefix;
      added = pages - pagesUpTo(mapping, before);
    }
    addResidentIn(bit, added);
    setPrefix(mapping, bit, end);
  }
}

/** Stores the pages that a write to bytes from..to-1 of the mapping makes resident. */
function putPagesOf(mapping: Mapping, from: f64, to: f64, range: usize): void {
  const first = Math.floor(from / m.pageBytes);
  const end = Math.ceil(Math.min(to, mapping.totalBytes) / m.pageBytes);
  const hugeStart = Math.floor(first / mapping.faultPages) * mapping.faultPages;
  const inHuge = hugeStart < hugeEnd(mapping, first + 1);
  store<f64>(range, inHuge ? hugeStart : first);
  store<f64>(range, Math.max(end, hugeEnd(mapping, end)), 8);
}

/** Stores the pages that hold nothing but bytes from..to-1 of the mapping, after the block's end nothing at all. */
function putWholePagesOf(mapping: Mapping, from: f64, to: f64, range: usize): void {
  const isLast = to > mapping.totalBytes - m.pageBytes;
  const end = to / m.pageBytes;
  store<f64>(range, Math.ceil(from / m.pageBytes));
  store<f64>(range, isLast ? Math.ceil(end) : Math.floor(end), 8);
}

/** Changes to runs of pages, at first those that `pagesUpTo` counts. */
function scatter(mapping: Mapping): PageRuns {
  const before = mapping.scattered;
  if (before !== null) {
    return before;
  }
  const runs = createRuns(mapping.totalBytes / m.pageBytes);
  const ranges = allocate(32);
  store<f64>(ranges, 0);
  store<f64>(ranges, 1, 8);
  store<f64>(ranges, headerPage(mapping), 16);
  store<f64>(ranges, headerPage(mapping) + 1, 24);
  changeRuns(runs, ranges, 2, EVERY_PLANE, 0, 0);
  for (let bit = 0; bit < PLANES; bit++) {
    store<f64>(ranges, prefixStart(mapping));
    store<f64>(ranges, prefixEnd(mapping, prefixOf(mapping, bit)), 8);
    changeRuns(runs, ranges, 1, 1 << bit, 0, 0);
  }
  release(ranges, 32);
  mapping.scattered = runs;
  return runs;
}
