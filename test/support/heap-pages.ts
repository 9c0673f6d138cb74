import type { HeapPages } from "../../src/ptmalloc/heap-pages.ts";
import { PLANE_ALL, PLANE_NONE, PLANE_POLICY } from "../../src/ptmalloc/resident.ts";

/** The planes of pages from..to-1 of a heap, one by one. */
export function planesOf(pages: HeapPages, from = 0, to = pages.length): number[] {
  return Array.from({ length: to - from }, (_, i) => pages.get(from + i));
}

/** The pages of a heap that are in a plane. */
export function pagesIn(pages: HeapPages, plane: number): number[] {
  return planesOf(pages).flatMap((planes, page) => (planes & plane ? [page] : []));
}

/** True if a page is in a plane, but not in one that includes it. */
export function hasUnnestedPlanes(pages: HeapPages): boolean {
  for (let page = 0; page < pages.length; page++) {
    const planes = pages.get(page);
    const isPolicy = (planes & PLANE_POLICY) !== 0;
    if (((planes & PLANE_NONE) !== 0 && !isPolicy) || (isPolicy && (planes & PLANE_ALL) === 0)) {
      return true;
    }
  }
  return false;
}
