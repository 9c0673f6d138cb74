import { MAPPED, rec } from "./chunks";
import { learnMapping, mappingOf, writeMapping } from "./mapping";
import { par } from "./model";
import { EVERY_PLANE, LOGGED_PLANES, markBlockAbsent, writeBlock } from "./resident";

/** Writes bytes from..to-1 of a block in `planes`, as the program or the allocator (EVERY_PLANE). */
export function writeChunk(c: i32, from: f64, to: f64, planes: u32): void {
  if (rec(c).state !== MAPPED) {
    writeBlock(c, from, to, planes);
  } else {
    writeMapping(mappingOf(c), from, to, planes);
  }
}

/**
 * The log states bytes of a block: `written`, and `absent`, which are not resident, contrary to earlier writes in
 * LOGGED_PLANES. Both are addresses of so many ranges from, to, from, to …, doubles, ascending; they are overwritten.
 */
export function learn(
  c: i32,
  written: usize,
  writtenCount: i32,
  absent: usize,
  absentCount: i32,
): void {
  if (rec(c).state === MAPPED) {
    learnMapping(mappingOf(c), written, writtenCount, absent, absentCount);
    return;
  }
  for (let i = 0; i < writtenCount; i++) {
    const range = written + ((<usize>i) << 4);
    writeBlock(c, load<f64>(range), load<f64>(range, 8), LOGGED_PLANES);
  }
  for (let i = 0; i < absentCount; i++) {
    const range = absent + ((<usize>i) << 4);
    markBlockAbsent(c, load<f64>(range), load<f64>(range, 8));
  }
}

/** alloc_perturb: with MALLOC_PERTURB_, a block from an arena is filled. */
export function perturb(c: i32, bytes: f64): void {
  if (par.perturb) {
    writeChunk(c, 0, bytes, EVERY_PLANE);
  }
}
