import type { GridAxis } from "../../../report/contract/sweep.ts";
import type { Parsed } from "../../../report/wording/parsed.ts";

/** The value that leaves a setting as it was recorded. */
export const RECORDED = "recorded";

/** An axis of the grid: NAME=VALUE,VALUE… Loaded on every run: the model's settings are checked later (grid.ts). */
export function parseAxis(text: string): Parsed<GridAxis> {
  const [, name, list] = /^([^=\s]+)=(.+)$/.exec(text.trim()) ?? [];
  if (name === undefined || list === undefined) {
    return { error: "give a setting and its values, such as MALLOC_ARENA_MAX=1,2,4" };
  }
  const values = list.split(",").map((value) => value.trim());
  if (values.includes("")) {
    return { error: `a value is empty; for the recorded one give ${RECORDED}` };
  }
  return { ok: { name, values: [...new Set(values)] } };
}
