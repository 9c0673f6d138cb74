import type { ObservedContent } from "../../../trace/stated/observed-memory.ts";

/** What a reader makes of a text: null if that is of another kind; an error, in a clause, if it is of its kind but of no use. */
export type Read = { readonly ok: ObservedContent } | { readonly error: string } | null;

export const KIB = 1024;

/** Why a text with several measurements is of no use. */
export function several(what: string): { readonly error: string } {
  return { error: `has ${what} more than once; give each in a file of its own, with its moment` };
}

/** Why a text that ends too early is of no use; `lacks`: what shows it. */
export function cutOff(lacks: string): { readonly error: string } {
  return { error: `is cut off: it lacks ${lacks}` };
}

/** The lines of a text, without what an editor or a terminal may have added to their ends. */
export function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trimEnd());
}
