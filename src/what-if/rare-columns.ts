import type { Work } from "../replay/work.ts";
import { Action } from "../trace/actions.ts";

/** Copies what few events have: an alignment, a size before, a block that is freed first, a part that is written. */
export function copyRare(to: Work, toRow: number, from: Work, row: number): void {
  const one = from.actions.action[row]!;
  if (one >= Action.realloc && one !== Action.free) {
    to.batch.align[toRow] = from.batch.align[row]!;
    to.actions.oldSize[toRow] = from.actions.oldSize[row]!;
    to.actions.lost[toRow] = from.actions.lost[row]!;
  }
  if (from.touch.whole[row] === 0) {
    to.touch.from[toRow] = from.touch.from[row]!;
    to.touch.to[toRow] = from.touch.to[row]!;
    to.touch.ratioFrom[toRow] = from.touch.ratioFrom[row]!;
    to.touch.full[toRow] = from.touch.full[row]!;
    to.touch.large[toRow] = from.touch.large[row]!;
  }
}
