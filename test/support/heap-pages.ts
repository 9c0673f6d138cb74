import type { HeapPages } from "../../src/ptmalloc/heap-pages.ts";

/** The planes of pages from..to-1 of a heap, one by one. */
export function planesOf(pages: HeapPages, from = 0, to = pages.length): number[] {
  return Array.from({ length: to - from }, (_, i) => pages.get(from + i));
}

/** The pages of a heap that are in a plane. */
export function pagesIn(pages: HeapPages, plane: number): number[] {
  return planesOf(pages).flatMap((planes, page) => (planes & plane ? [page] : []));
}
