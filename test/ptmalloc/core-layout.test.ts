import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as layout from "../../src/ptmalloc/core-layout.ts";
import { SERIES_FIELDS } from "../../src/replay/core-series.ts";
import { REPLAY_FIELDS } from "../../src/replay/replay-state.ts";

/** The records that TypeScript reads, and the classes of the core that describe them. */
const RECORDS = {
  "ptmalloc/core/model.ts MallocPar": layout.PAR_FIELDS,
  "ptmalloc/core/profile.ts Profile": layout.PROFILE_FIELDS,
  "ptmalloc/core/model.ts Model": layout.MODEL_FIELDS,
  "ptmalloc/core/arena.ts Arena": layout.ARENA_FIELDS,
  "ptmalloc/core/heap.ts Heap": layout.HEAP_FIELDS,
  "ptmalloc/core/mapping.ts Mapping": layout.MAPPING_FIELDS,
  "ptmalloc/core/thread.ts Thread": layout.THREAD_FIELDS,
  "ptmalloc/core/undo-trims.ts Trim": layout.TRIM_FIELDS,
  "replay/core/state.ts ReplayState": REPLAY_FIELDS,
  "replay/core/peak-series.ts PeakSeries": SERIES_FIELDS,
};

const TYPES: Readonly<Record<string, string>> = { f64: "f64", bool: "u8", u8: "u8" };

/** The fields of a class of the core, each with the type of the view that reads it: 4 bytes unless TYPES says otherwise. */
function fieldsOf(file: string, name: string): [string, string][] {
  const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
  const [, body = ""] = source.match(new RegExp(`class ${name} \\{\\n(.*?)\\n\\}`, "s")) ?? [];
  return [...body.matchAll(/^ {2}(\w+): ([\w | ]+);$/gm)].map(([, field, type]) => [
    field!,
    TYPES[type!] ?? "i32",
  ]);
}

it.each(Object.entries(RECORDS))("the layout of %s is that of the core", (where, fields) => {
  const [file, name] = where.split(" ");
  expect(Object.entries(fields)).toEqual(fieldsOf(file!, name!));
});
